"""Each format's bodies as a draft sees them: names and values, and how a place is selected in the format's words."""
