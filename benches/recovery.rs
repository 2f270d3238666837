//! How well a refinement finds again what noisy frames were simulated with, and what it costs.
//!
//!     cargo bench --bench recovery -- FRAMES [KIND] [fine|coarse] [MOST_SPOTS]
//!
//! KIND is sampled, domains, seeds, closed, monoclinic or triclinic.
//!
//! Lysozyme with spots to 2 Å, peaks of some hundred counts on a background of 10. Every start is off:
//! the orientation by up to 0.15°, the cell by 0.5 %, the size by a factor of up to 1.6, the mosaicity
//! by 30 %, the scale by up to 10. `sampled` has the same few domains in data and model; `domains` has
//! ten thousand in the data and their spread in closed form in the model; `seeds` has domains in both,
//! of different seeds.

#[path = "../tests/support/refinement.rs"]
mod refinement;

use std::time::Instant;

use nanobragg::refine::refine;
use nanobragg::render::Renderer;
use refinement::{COARSE, FINE, Kind, Recovery, scenario, wish};

fn main() {
    let mut words = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"));
    let frames: u64 = words
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or(100);
    let kind = match words.next().as_deref() {
        Some("domains") => Kind::OtherDomains,
        Some("seeds") => Kind::OtherSeed,
        Some("sampled") => Kind::Sampled,
        Some("monoclinic") => Kind::Monoclinic,
        Some("triclinic") => Kind::Triclinic,
        _ => Kind::Closed,
    };
    let sight = match words.next().as_deref() {
        Some("coarse") => COARSE,
        _ => FINE,
    };
    let most_spots = words.next().and_then(|word| word.parse().ok());
    let renderer = Renderer::cpu().unwrap();
    let mut all = Vec::new();
    for frame in 0..frames {
        let scenario = scenario(&renderer, kind, sight, frame);
        let mut wish = wish(&scenario);
        wish.most_spots = most_spots.unwrap_or(wish.most_spots);
        let started = Instant::now();
        match refine(&renderer, std::slice::from_ref(&scenario.start), &wish, &()) {
            Ok(refined) => {
                let own = Recovery::of(&scenario, &refined, started.elapsed().as_secs_f64());
                println!("{frame:3} {own}");
                all.push(own);
            }
            Err(error) => println!("{frame:3} FAILED: {error}"),
        }
    }
    refinement::print_statistics(&all, frames as usize);
}
