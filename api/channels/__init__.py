"""Ways out to people and systems: one module for each kind of channel, behind the port in :mod:`api.channels.port`.

A channel sends one notice at a time, by blocking; which notices there are, in what order, and what is tried again, is the
courier's business. The kinds of channel stand in one table, :mod:`api.channels.table`.
"""
