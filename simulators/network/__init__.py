"""What lies between a probe and the broker: gateways with buffers and outages, and messages that went bad."""
