"""The shell around the core: order, commit, acknowledge, judge from a checkpoint, carry out, wake.

Imports the core and the ports, and nothing that talks to the world.
"""
