"""Alarms: what needs a person, its life after ISA-18.2, floods, suppression, and how healthy the alarms are."""
