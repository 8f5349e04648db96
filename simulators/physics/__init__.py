"""The heat of units: ``unit`` is one as a small network of heat capacities."""
