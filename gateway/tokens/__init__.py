"""What stands for a value and can be turned back: made under one customer's own keys, bound to field and purpose."""
