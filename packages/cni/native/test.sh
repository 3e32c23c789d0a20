#!/bin/sh
# The native tests of this package: sh native/test.sh [WORD…] (see test/native-tests.sh).
exec sh "$(dirname "$0")/../../../test/native-tests.sh" "$(dirname "$0")" "$@"
