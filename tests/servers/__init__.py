"""Small real servers on loopback that several tests share."""
