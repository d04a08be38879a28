"""`clary env`: export lines for a shell."""

import argparse
import os
import shlex

from clary.cli.api import Credentials, root
from clary.cli.environment import removed, variables
from clary.cli.lock import find_server
from clary.cli.place import load_settings, need_server

#: Seconds that credentials of a role last.
DURATION = 3600


def main(options: argparse.Namespace) -> int:
    """Print the lines. The server need not run, except to assume a role."""

    settings = load_settings(options)
    holder = find_server(settings.data_dir)
    url = holder.url if holder is not None else f"http://127.0.0.1:{settings.port}"
    credentials = Credentials(settings.access_key_id, settings.secret_access_key)
    if options.role:
        role = options.role if ":" in options.role else f"arn:aws:iam::{settings.account}:role/{options.role}"
        credentials = root(need_server(settings).url, settings).assume_role(role, "clary-env", DURATION)
    made = variables(settings, url, credentials, os.environ)
    print(f"unset {' '.join(removed(os.environ, made))}")
    for name, value in made.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
