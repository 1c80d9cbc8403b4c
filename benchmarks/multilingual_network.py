"""The network of the multilingual Universal Sentence Encoder (version 3, CNN) as an ONNX model.

Source: Yang et al., "Multilingual Universal Sentence Encoder for Semantic Retrieval" (2019). Token vectors pass
three branches of n-gram convolutions (2, 3 and 5 tokens), are summed over the text and go through four dense
layers to one vector of 512 numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import onnx
from onnx import numpy_helper, parser

#: The table of token vectors lies in so many pieces, each with its own scale: a token's is its id modulo this.
CHUNKS = 17
#: Length of an n-gram -> tokens of it that lie before the one in the middle.
BRANCHES = {2: 0, 3: 1, 5: 2}
WIDTH = 256

Arrays = Mapping[str, np.ndarray]

# Padding must count as the zeros that a convolution sees beyond the ends of a text: hence each `* mask`.
HEAD = """
<ir_version: 10, opset_import: ["" : 17]>
use (int64[batch, tokens] input_ids, int64[batch, tokens] attention_mask) => (float[batch, 512] vector)
{
    chunk = Mod (input_ids, chunks)
    stored = Gather (table, input_ids)
    numbers = Cast <to = 1> (stored)
    scale_each = Gather (scale, chunk)
    lowest_each = Gather (lowest, chunk)
    scaled = Mul (numbers, scale_each)
    embedded = Add (scaled, lowest_each)
    ones = Cast <to = 1> (attention_mask)
    mask_column = Unsqueeze (ones, last)
    mask_row = Unsqueeze (ones, middle)
    projected = MatMul (embedded, project)
    shifted = Add (projected, project_bias)
    normal = LayerNormalization <epsilon = 1e-12> (shifted, normal_weight, normal_bias)
    turned = Transpose <perm = [0, 2, 1]> (normal)
    shown = Mul (turned, mask_row)
    shown2, shown3, shown5 = Split <axis = 1> (shown, widths)
"""
BRANCH = """
    first{n} = Conv <pads = [{before}, {after}]> (shown{n}, first_weight{n}, first_bias{n})
    first_active{n} = Relu (first{n})
    first_sum{n} = Add (first_active{n}, shown{n})
    first_shown{n} = Mul (first_sum{n}, mask_row)
    second{n} = Conv <pads = [{before}, {after}]> (first_shown{n}, second_weight{n}, second_bias{n})
    second_active{n} = Relu (second{n})
    second_sum{n} = Add (second_active{n}, first_shown{n})
    branch{n} = Transpose <perm = [0, 2, 1]> (second_sum{n})
"""
TAIL = """
    features = Concat <axis = 2> (embedded, branch2, branch3, branch5)
    normal_features = LayerNormalization <epsilon = 1e-12> (features, features_weight, features_bias)
    shown_features = Mul (normal_features, mask_column)
    summed = ReduceSum <keepdims = 0> (shown_features, middle)
    counted = ReduceSum <keepdims = 1> (ones, middle)
    count = Max (counted, one)
    pooled = MatMul (summed, pool)
    bias = Mul (count, pool_bias)
    biased = Add (pooled, bias)
    root = Sqrt (count)
    mean = Div (biased, root)
    d0 = MatMul (mean, dense0)
    y0 = Relu (d0)
    d1 = MatMul (y0, dense1)
    p1 = MatMul (mean, pass1)
    s1 = Add (d1, p1)
    y1 = Relu (s1)
    d2 = MatMul (y1, dense2)
    y2 = Relu (d2)
    d3 = MatMul (y2, dense3)
    p3 = MatMul (y1, pass3)
    s3 = Add (d3, p3)
    last_layer = Tanh (s3)
    vector = LpNormalization <axis = 1, p = 2> (last_layer)
}
"""


def network(stored: Arrays) -> onnx.ModelProto:
    """Build the model from the arrays of the package's `weights.npz`.

    The table of token vectors stays in eight bits a number, as it is stored: 66 MB of some 80.
    """
    branches = "".join(
        BRANCH.format(n=length, before=before, after=length - 1 - before)
        for length, before in BRANCHES.items()
    )
    model = parser.parse_model(HEAD + branches + TAIL)
    weights = {**_shared_weights(stored), **_branch_weights(stored), **_constants()}
    model.graph.initializer.extend(numpy_helper.from_array(each, name) for name, each in weights.items())
    onnx.checker.check_model(model)
    return model


def _shared_weights(stored: Arrays) -> dict[str, np.ndarray]:
    table = np.stack([stored[f"q{chunk + 1}"] for chunk in range(CHUNKS)], axis=1)
    dense = {"dense0": "d0", "dense1": "d1", "dense2": "d2", "dense3": "d3", "pass1": "p1", "pass3": "p3"}
    return {
        "table": table.reshape(-1, table.shape[2]),
        "scale": stored["scale"][:, np.newaxis],
        "lowest": stored["lo"][:, np.newaxis],
        "project": np.concatenate([stored[f"proj{n}"] for n in BRANCHES], axis=1),
        "project_bias": np.concatenate([stored[f"proj_b{n}"] for n in BRANCHES]),
        "normal_weight": np.concatenate([stored[f"ln_g{n}"] for n in BRANCHES]),
        "normal_bias": np.concatenate([stored[f"ln_b{n}"] for n in BRANCHES]),
        "features_weight": stored["ln_g"],
        "features_bias": stored["ln_b"],
        "pool": stored["cnn_W"],
        "pool_bias": stored["cnn_b"],
        **{name: stored[key] for name, key in dense.items()},
    }


def _branch_weights(stored: Arrays) -> dict[str, np.ndarray]:
    weights = {}
    for n in BRANCHES:
        for layer, key in (("first", "1"), ("second", "2")):
            # Stored for windows laid end to end: (n * width in, width out). A convolution wants (out, in, n).
            windows = stored[f"w{key}_{n}"].reshape(n, WIDTH, WIDTH)
            weights[f"{layer}_weight{n}"] = np.ascontiguousarray(windows.transpose(2, 1, 0))
            weights[f"{layer}_bias{n}"] = stored[f"b{key}_{n}"]
    return weights


def _constants() -> dict[str, np.ndarray]:
    return {
        "chunks": np.array(CHUNKS, dtype=np.int64),
        "widths": np.full(len(BRANCHES), WIDTH, dtype=np.int64),
        "middle": np.array([1], dtype=np.int64),
        "last": np.array([2], dtype=np.int64),
        "one": np.ones(1, dtype=np.float32),
    }
