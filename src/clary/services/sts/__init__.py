"""STS: who am I, and temporary credentials.

What it does: caller identity; sessions of roles, of users and of the root user, with AWS's limits on their duration,
session policies and tags. A session is sealed into its token: nothing is stored (`services/_base/credentials.py`).

What it does not: SAML and web identities, federation, and decoding authorization messages. Who may assume a role is
not decided yet: see `trust.py`.
"""
