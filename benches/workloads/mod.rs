//! The workloads that speed is measured on, W1 to W5.

use nanobragg::experiment::Experiment;

/// A workload: its name, its flags but for the frame, and the frame's pixels.
pub struct Workload {
    /// As tables name it.
    pub name: &'static str,
    flags: [&'static str; 2],
    /// Pixels per edge in full.
    pub pixels: usize,
}

/// The frame's edge, mm, whatever its pixels.
const EDGE_MM: f64 = 102.4;

const CUBE: &str = "-cell 100 100 100 90 90 90 -lambda 1 -N 20 -mosaic 1 -mosaic_domains 100 \
                    -distance 100 -default_F 100";
const LYSOZYME: &str = "-hkl golden/lysozyme_1aki_p1.hkl -mat golden/lysozyme_1p2A.mat \
                        -lambda 1.2 -distance 80 -N 12 -phi 10 -osc 0.5 -phisteps 10 \
                        -mosaic 0.3 -mosaic_domains 20 -dispersion 0.2 -dispsteps 5";

/// All of them.
pub const WORKLOADS: [Workload; 5] = [
    Workload {
        name: "W1 one term a pixel",
        flags: [
            "-cell 100 100 100 90 90 90 -lambda 6.2 -N 5 -distance 100",
            "-default_F 100",
        ],
        pixels: 4096,
    },
    Workload {
        name: "W2 square",
        flags: [CUBE, ""],
        pixels: 1024,
    },
    Workload {
        name: "W3 gauss",
        flags: [CUBE, "-gauss_xtal"],
        pixels: 1024,
    },
    Workload {
        name: "W4 lysozyme",
        flags: [LYSOZYME, ""],
        pixels: 1024,
    },
    Workload {
        name: "W5 interpolated",
        flags: [LYSOZYME, "-interpolate"],
        pixels: 1024,
    },
];

impl Workload {
    /// Its flags with `pixels` per edge, on the same area.
    pub fn words(&self, pixels: usize) -> Vec<String> {
        let pixel_mm = EDGE_MM / pixels as f64;
        let [flags, more] = self.flags;
        let line = format!("{flags} {more} -oversample 1 -detpixels {pixels} -pixel {pixel_mm}");
        let words = line.split_whitespace().map(|word| {
            if word.starts_with("golden/") {
                format!("{}/{word}", env!("CARGO_MANIFEST_DIR"))
            } else {
                word.to_string()
            }
        });
        words.collect()
    }

    /// The workload with `pixels` per edge, on the same area.
    ///
    /// # Panics
    /// When the flags are not ones the program knows.
    pub fn experiment(&self, pixels: usize) -> Experiment {
        nanobragg::cli::experiment(&self.words(pixels)).expect("the flags are right")
    }
}
