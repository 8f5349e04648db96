"""Random fleets: who was told of what truly failed, the field's usual rule beside ours, and how that is shown."""
