#!/usr/bin/env python3
"""Django's command line for MLOps Portal."""

import os
import sys

from django.core.management import execute_from_command_line

from mlops_portal.env import WrongSetting

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mlops_portal.settings")
    try:
        execute_from_command_line(sys.argv)
    except WrongSetting as error:
        sys.exit(str(error))
