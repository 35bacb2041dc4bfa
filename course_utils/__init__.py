"""The library of *Pruning, Measured*: what the lessons teach, ready for your own nets.

Import what you need, for example ``from course_utils import data, masks``. Nothing heavy is
imported before it is used, so ``import course_utils`` costs next to nothing.

================  ==============================================================  ======
module            what it is for                                                  lesson
================  ==============================================================  ======
``data``          the real handwritten digits, split once                         00
``plotting``      figures: masks, histograms, curves with their spread            00
``models``        the nets: LeNet-300-100, a ConvNet, a residual net              00
``training``      one training loop, accuracy, BatchNorm statistics               00
``measure``       parameters, multiply-adds, bytes, time                          00
``masks``         which weights stay, and how sparse that is                      01
``pruning``       put masks on a model, report on it, scan its layers             01
``layers``        a model's prunable layers, their weights, masks and inputs      01
``patterns``      masks that some hardware multiplies with: two of every four     02
``scores``        what makes a weight important: size, gradient, activation       03
``surgery``       take filters out of a net, and all that hangs on them           03
``intervals``     compare two methods over seeds: interval, seeds needed          02
``schedules``     prune in rounds: how the sparsity rises, and the loop           06
``sharing``       weights that share a few values, and what then trains           07
``coding``        fewer bits: entropy, Huffman, gaps, and the file of a net       07
``decoder``       the same file, read with NumPy alone                            07
``quantise``      integers: scales, zero points, sums, BatchNorm folded           07
``deploy``        out of PyTorch: ONNX, ONNX Runtime, parity, a fair weighing     07
``ship``          a folder with a program and a page that read digits             07
================  ==============================================================  ======

How a lesson works is in rooms of its own, which stand on these modules: ``lesson`` (claims,
predictions, your record, your desk), ``exercises`` (and their checker), ``explore`` (what you move
and see), ``experiments`` (the long runs), ``authoring`` (for whoever maintains the course).
"""

__version__ = "0.1.0"
