"""What somebody or something signs about itself: authenticators, devices, security modules. Nothing is fetched here."""
