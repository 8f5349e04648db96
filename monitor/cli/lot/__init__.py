"""Commands about lots: lists, the card of one, recording what happens to it."""
