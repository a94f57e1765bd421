"""Compare two models, layer by layer, on images.

A model is a network of torchvision (resnet18), conv4, or path/to/file.py:FUNCTION, a function of your own that returns
a torch.nn.Module. Weights follow after @: those of torchvision by name (resnet18@IMAGENET1K_V1), or a file
(resnet18@mine.pt, also .pth and .safetensors). Without them, weights are drawn: those of the first model from --seed,
and those of the second from --seed plus 1.

The images are a folder of pictures, or an npz file with images X and labels y. Layers are named as by `repdrift
layers`. By default the ends of blocks and the logits are compared, layers of the same name only.
"""

import argparse
import sys
from pathlib import Path

from repdrift.commands.comparison_options import add_options, show_comparison


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("first", metavar="A", help="the first model: NAME, NAME@WEIGHTS or path/to/file.py:FUNCTION")
    parser.add_argument("second", metavar="B", help="the second model")
    parser.add_argument(
        "--images", type=Path, required=True, metavar="PATH", help="a folder of pictures, or an npz file"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="take the first N images only")
    parser.add_argument(
        "--size",
        type=int,
        metavar="PIXELS",
        help="height and width to which images are brought (default: those in an npz file; 224 for pictures)",
    )
    parser.add_argument(
        "--classes", type=int, default=10, metavar="D", help="number of classes, if no weights say it (default: 10)"
    )
    for name, what in (("mean", "mean"), ("std", "standard deviation")):
        parser.add_argument(
            f"--{name}",
            type=float,
            nargs=3,
            metavar=("R", "G", "B"),
            help=f"{what} by which images are normalised, with pixels in 0..1 (default: that of ImageNet for weights "
            "of torchvision, and otherwise 0.5)",
        )
    parser.add_argument(
        "--reduce",
        default="none",
        metavar="HOW",
        help="what of a layer is compared: none (all values), mean (over positions) or token (the class token)",
    )
    parser.add_argument("--device", default="cpu", help="where the models are called, such as cuda (default: cpu)")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N", help="images in a batch (default: 32)")
    add_options(parser, layers="the end of each block, and the logits")


def run(args: argparse.Namespace) -> None:
    # Torch takes a second.
    from repdrift.comparison.image_files import read_images  # noqa: PLC0415
    from repdrift.comparison.named_models import colours_of, named_model, names_of  # noqa: PLC0415
    from repdrift.comparison.reading import Settings, Subject, record_together  # noqa: PLC0415

    images = read_images(args.images, args.size, args.limit)
    colours = colours_of(args.mean, args.std)
    subjects = []
    for place, (text, name) in enumerate(names_of(args.first, args.second)):
        model, prepare = named_model(text, images.size, args.classes, args.seed + place, colours)
        subjects.append(Subject(model, name, args.layers, prepare))
    settings = Settings(args.reduce, device=args.device, batch_size=args.batch_size)
    first, second = record_together(subjects, images.pixels, settings, ids=images.ids, progress=sys.stderr.isatty())
    show_comparison(first, second, args)
