"""Policy cases: made-up flows with what is expected of them, beside the policies; `sovgate test` runs them."""
