# Spoken tickets with real weights and synthetic speech, in a venv of their own. Sourced by .ci/run, after encoder.sh.

voice_tests() { # left out, and said so, where the packages, the weights or espeak-ng cannot be had
    local PY=$PY skipped=$SKIPPED_TESTS
    speaker_is_there && voice_venv "$SCRATCH/voice" || {
        echo "LEFT OUT: what the tests of spoken tickets need cannot be had here."
        return 0
    }
    PY=$SCRATCH/voice/bin/python
    run_tests tests/tickets/channels/voice/test_real_voice.py || return 1
    [ "$SKIPPED_TESTS" = "$skipped" ] || {
        echo "A test of spoken tickets was skipped although its packages and weights are installed."
        return 1
    }
}

speaker_is_there() {
    command -v espeak-ng > /dev/null && return
    [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null && install_quietly espeak-ng
}

voice_venv() { # a venv in FOLDER that sees the packages of $PY and has those that hear, and their weights
    venv_over "$1" && install_into "$1/bin/python" -r requirements-voice.txt &&
        install_into "$1/bin/python" --no-deps -r requirements-voice-dev.txt
}
