"""Simulated air: a prison whose phones register, call, text and browse by a seeded timetable, heard by its sensors."""
