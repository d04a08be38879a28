"""IAM: roles, users, groups, policies, access keys, instance profiles and account aliases of one account.

What it does: keeps them all with AWS's names, limits, texts and deletion rules; checks policy documents; resolves
users' access keys for signatures; simulates policies with the evaluator that will enforce them. At the first start it
makes `service-role/ClaryExecutionRole`, which jobs may run as.

What it does not: sign-in (login profiles, MFA), federation (SAML, OIDC), server certificates, SSH keys, last-used and
access reports. Policies are not enforced on requests yet.
"""
