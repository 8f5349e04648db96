"""The files of a configuration: what may stand in them, and mistakes in words."""
