"""Where customers' keys are kept: wrapped by a provider, lent for one leg, destroyed for good."""
