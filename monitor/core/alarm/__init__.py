"""Alarms: what needs a person, its life after ISA-18.2, and who is to be told what and when."""
