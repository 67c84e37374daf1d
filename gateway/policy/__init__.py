"""What may be done with the data: policies as officers write them, and the decision that follows from them."""
