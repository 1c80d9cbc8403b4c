# Single sign-on by SAML, whose packages are optional, in a venv on top of the one that all other steps use.
# Sourced by .ci/run after encoder.sh, whose functions it uses.

saml_tests() { # signed assertions and their forgeries; a skipped one fails, where the packages can be installed
    local PY=$PY skipped=$SKIPPED_TESTS
    venv_over "$SCRATCH/sso" || return 1
    if ! install_into "$SCRATCH/sso/bin/python" -r requirements-sso.txt; then
        echo "SKIPPED: requirements-sso.txt cannot be installed here. SAML was not tested."
        return 0
    fi
    PY=$SCRATCH/sso/bin/python
    run_tests tests/services/test_saml.py || return 1
    [ "$SKIPPED_TESTS" = "$skipped" ]
}
