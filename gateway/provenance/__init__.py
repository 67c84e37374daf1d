"""Where requests come from: what connections and headers say, weighed by whom it is from. Nothing is fetched here."""
