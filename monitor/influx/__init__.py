"""The projection to InfluxDB 2: written from the store by a cursor, and checked against it by counts."""
