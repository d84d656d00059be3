"""Receivers and recordings behind one port, and the wiring of a sensor."""
