"""Those outside who attest a head of the log: witnesses (C2SP tlog-witness), served and asked, and time-stamping."""
