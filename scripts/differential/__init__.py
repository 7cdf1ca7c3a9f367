"""The differential check: random Rego programs, run by RegoLite and by OPA. `../differential.py` is the front door."""
