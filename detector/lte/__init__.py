"""LTE uplink: its standard's constants, and the search for its bursts and the phones behind them."""
