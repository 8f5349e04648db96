"""The heat of units and of the room around them; ``unit`` has what the rest of the simulators use.

A ``unit`` is a ``network`` of three heat capacities with a load that melts and freezes (``melting``) and what cools or
warms it (``cooling``), in a ``room``. ``kinds`` is the catalogue: ultra-low freezers to rooms, and individuals of each.
"""
