"""Makes the model zoo: trains every model, derives its cheaper variants, measures them, writes the manifest.

Run as ``python -m nodes.models.train [NAME...]``. Needs torch, scikit-learn and onnx; a run needs none of them.
The same versions on the same kind of processor give the same files, byte for byte.
"""
