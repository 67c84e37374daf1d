"""Captured traffic: files that browsers, proxies and the gateway itself wrote, read as a stream of exchanges."""
