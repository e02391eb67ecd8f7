"""The models that nodes serve: the zoo, how a model is run, what it costs, and how honest outputs differ."""
