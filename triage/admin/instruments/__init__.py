"""The supervisor's instruments: figures, what other limits would do, backtests, training, and what nobody can answer."""
