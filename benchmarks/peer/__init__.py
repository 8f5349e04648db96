"""The programs that the bench compares: the monitor itself, mosquitto_sub, and a plain script."""
