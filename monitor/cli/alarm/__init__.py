"""Commands about alarms: lists, the card of one, what people do about it."""
