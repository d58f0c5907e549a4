# Makes image.csv: what Pillow (resize), NumPy and colorsys (colour histograms) and scikit-image (gradient histograms) give for
# pictures made by formula; tests/image/support.hpp has the same formulas. A line: what, picture, parameters, then numbers.
import colorsys
import csv
import numpy as np
from PIL import Image
from skimage.feature import hog


def noise(height, width):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    h = (y * 73856093 + x * 19349663 + c * 83492791 + 12345) % 2**32
    h = (h ^ (h >> 13)) * 1274126177 % 2**32
    return ((h ^ (h >> 16)) % 256).astype(np.uint8)


def disc(height, width):
    """A bright disc on a colour gradient."""
    y, x = np.meshgrid(np.arange(height), np.arange(width), indexing="ij")
    rgb = np.stack([200 * y // height, 200 * x // width, (y * 5 + x * 3) % 100], -1)
    inside = (2 * y - height) ** 2 + (2 * x - width) ** 2 < (min(height, width) * 3 // 4) ** 2
    rgb[inside] = [250, 240, 30]
    return rgb.astype(np.uint8)


pictures = {"noise": noise, "disc": disc}
lines = []

for name, make in pictures.items():
    rgb = make(9, 11)
    for size in [(4, 5), (14, 17), (9, 6)]:
        for filter, pillow in [("nearest", Image.NEAREST), ("bilinear", Image.BILINEAR), ("lanczos", Image.LANCZOS)]:
            # Channel by channel in float: Pillow's 8-bit path clips between its two passes.
            planes = [Image.fromarray(rgb[..., c].astype(np.float32)).resize(size[::-1], pillow) for c in range(3)]
            out = np.clip(np.rint(np.stack([np.asarray(p) for p in planes], -1)), 0, 255).astype(int)
            if filter != "lanczos":
                direct = np.asarray(Image.fromarray(rgb).resize(size[::-1], pillow)).astype(int)
                assert np.abs(out - direct).max() <= 1
                out = direct
            lines.append(["resize", name, filter, 9, 11, *size, *out.ravel()])
    rgb = make(12, 15)
    out = np.asarray(Image.fromarray(rgb).resize((5, 4), Image.BOX)).astype(int)
    lines.append(["resize", name, "area", 12, 15, 4, 5, *out.ravel()])
    # Sizes that do not divide: the mean over the exact area, by integrating in steps of 1 / 140.
    fine = make(9, 11).repeat(4 * 7, 0).repeat(5 * 7, 1).astype(float)
    out = np.rint(fine.reshape(4, 9 * 7, 5, 11 * 7, 3).mean((1, 3)) - 1e-9).astype(int)
    lines.append(["resize", name, "area", 9, 11, 4, 5, *out.ravel()])

for name, make in pictures.items():
    rgb = make(9, 11)
    marginal = np.concatenate([np.histogram(rgb[..., c], 8, (0, 256))[0] for c in range(3)])
    lines.append(["color", name, "rgb", 0, 8, 1, 1, *marginal])
    joint = np.histogramdd(rgb.reshape(-1, 3), 3, [(0, 256)] * 3)[0].astype(int)
    lines.append(["color", name, "rgb", 1, 3, 1, 1, *joint.ravel()])
    for bins in [5, 6]:
        numbers = []
        for rows in np.split(rgb, [9 // 2]):
            for cell in np.split(rows, [11 // 3, 2 * 11 // 3], axis=1):
                counts = np.zeros((3, bins), int)
                for pixel in cell.reshape(-1, 3).tolist():
                    h, s, _ = colorsys.rgb_to_hsv(*pixel)
                    # Hue and saturation are fractions with denominators up to 1530: 1e-9 puts exact edges where they belong.
                    for c, v in enumerate([h, s, max(pixel) / 256]):
                        counts[c, min(int(v * bins + 1e-9), bins - 1)] += 1
                numbers += counts.ravel().tolist()
        lines.append(["color", name, "hsv", 0, bins, 2, 3, *numbers])

for name, make in pictures.items():
    rgb = make(24, 33)
    for cell, block, bins in [(8, 2, 9), (5, 1, 4), (6, 3, 12)]:
        out = hog(rgb, bins, (cell, cell), (block, block), "L2-Hys", channel_axis=-1)
        lines.append(["hog", name, cell, block, bins, 24, 33, *("%.9g" % v for v in out)])

with open(__file__.replace("image.py", "image.csv"), "w", newline="") as file:
    csv.writer(file, lineterminator="\n").writerows(lines)
