//! Mosaicity: how the domains of the crystal are turned against each other (PHYSICS §8, §11).

use std::borrow::Cow;
use std::sync::Arc;

use glam::{DMat3, DQuat, DVec3};
use rand_distr::{Distribution, StandardNormal, UnitSphere};

use super::ExperimentError;
use super::quantity::Quantity;
use crate::geometry::{UnitCell, is_rotation, rate_of_rotation, rotation_about};
use crate::random::{ParkMiller, PhiloxStream, random_rotation};

/// The C program's seed of the mosaic domains.
pub const DEFAULT_MOSAIC_SEED: i64 = 12345678;

/// What Gaussian domains' deviates are for, part of their key: noise of the same seed has others.
const DOMAIN_PURPOSE: u32 = 0x6d6f_7361;

/// The crystal's domains, all of one weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Mosaicity {
    /// What their rotations are drawn from.
    pub model: MosaicModel,
    /// How many are drawn, at least one; without a spread one is enough.
    pub domains: u32,
    /// Seed of the draw.
    pub seed: i64,
}

/// What the domains' rotations are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub enum MosaicModel {
    /// The C program's: rotations in the laboratory by at most the spread, their number growing
    /// with the square of the angle, domain 0 unturned.
    Cap {
        /// Largest misorientation, radians.
        spread_rad: f64,
    },
    /// A normal deviate times the sigmas about an axis that is uniform on the sphere, in the
    /// crystal's frame: it turns with the spindle. The frame's axes lie along a, along c* × a, and
    /// along c*. With three equal sigmas the misorientation is normal with that sigma. Domains
    /// come in pairs that are turned to and fro, so that their mean orientation is the crystal's;
    /// an odd one is unturned.
    Gaussian {
        /// One for each axis, radians. The rotation about an axis has a root mean square of its
        /// sigma over √3.
        sigmas_rad: [f64; 3],
    },
    /// Rotation vectors that are normal about each axis of the crystal's frame; in pairs, as
    /// [`MosaicModel::Gaussian`].
    Normal {
        /// Standard deviation of the rotation about each axis, radians.
        sigmas_rad: [f64; 3],
    },
    /// A normal angle about an axis that is uniform on the sphere, whose standard deviation is the
    /// radius along that axis of the ellipsoid of the sigmas: the anisotropic η of simtbx. In the
    /// crystal's frame, in pairs, as [`MosaicModel::Gaussian`], which it is for equal sigmas.
    Ellipsoid {
        /// Half axes of the ellipsoid, radians: all zero, or none.
        sigmas_rad: [f64; 3],
    },
    /// These rotations, in the laboratory.
    Listed(Arc<[DMat3]>),
}

impl Default for Mosaicity {
    fn default() -> Mosaicity {
        Mosaicity {
            model: MosaicModel::Cap { spread_rad: 0.0 },
            domains: 1,
            seed: DEFAULT_MOSAIC_SEED,
        }
    }
}

impl Mosaicity {
    /// Number of domains that are rendered: of those that are alike, as there is no spread, one.
    pub fn domain_count(&self) -> u32 {
        match &self.model {
            // A list longer than 2³² does not fit in memory.
            MosaicModel::Listed(rotations) => rotations.len() as u32,
            _ if self.spread_rad() == 0.0 => self.domains.min(1),
            _ => self.domains,
        }
    }

    /// The widest spread, radians: of a Gaussian its largest sigma, of a list its largest
    /// rotation.
    pub fn spread_rad(&self) -> f64 {
        match &self.model {
            MosaicModel::Cap { spread_rad } => *spread_rad,
            MosaicModel::Gaussian { sigmas_rad }
            | MosaicModel::Normal { sigmas_rad }
            | MosaicModel::Ellipsoid { sigmas_rad } => {
                sigmas_rad.iter().copied().fold(0.0, f64::max)
            }
            MosaicModel::Listed(rotations) => rotations.iter().map(angle_of).fold(0.0, f64::max),
        }
    }

    /// The rotation of every domain of a crystal of `cell`, U_m.
    pub fn rotations(&self, cell: &UnitCell) -> Vec<DMat3> {
        self.draw().rotations(cell).into_owned()
    }

    /// How each domain of a crystal of `cell` turns as a spread grows, in the axes that
    /// [`rotations`](Mosaicity::rotations) are in, radians per radian: for each sigma of a model in the
    /// crystal's frame, else for the [one spread](Mosaicity::spread_rad), to which rotations are
    /// proportional then.
    pub fn rates(&self, cell: &UnitCell) -> Vec<Vec<DVec3>> {
        let sigmas_rad = match &self.model {
            MosaicModel::Cap { .. } | MosaicModel::Listed(_) => {
                let spread_rad = self.spread_rad();
                let rate = |rotation: &DMat3| match spread_rad {
                    0.0 => DVec3::ZERO,
                    _ => DQuat::from_mat3(rotation).to_scaled_axis() / spread_rad,
                };
                return vec![self.rotations(cell).iter().map(rate).collect()];
            }
            MosaicModel::Gaussian { sigmas_rad }
            | MosaicModel::Normal { sigmas_rad }
            | MosaicModel::Ellipsoid { sigmas_rad } => DVec3::from_array(*sigmas_rad),
        };
        let frame = crystal_frame(cell);
        let unturned = (self.domain_count() % 2 == 1).then_some(DVec3::ZERO);
        let vectors = self.vectors(sigmas_rad);
        // Where a sigma is zero, its deviates are those of one that is not.
        let units = self.vectors(DVec3::ONE);
        let of_sigma = |axis: usize| {
            let pairs = vectors.iter().zip(units.iter()).flat_map(|(vector, unit)| {
                let change = match &self.model {
                    // Its length falls with Σ(a/σ)²^(−½).
                    MosaicModel::Ellipsoid { .. } => {
                        let along = (*vector / sigmas_rad).normalize_or_zero()[axis];
                        *vector * (along * along / sigmas_rad[axis])
                    }
                    _ => DVec3::AXES[axis] * unit[axis],
                };
                let (turn, change) = (frame * *vector, frame * change);
                [
                    rate_of_rotation(turn, change),
                    rate_of_rotation(-turn, -change),
                ]
            });
            unturned.into_iter().chain(pairs).collect()
        };
        (0..3).map(of_sigma).collect()
    }

    /// Draws the domains: what their rotations in a crystal of any orientation follow from.
    pub fn draw(&self) -> MosaicDraw {
        let sigmas_rad = match &self.model {
            MosaicModel::Cap { spread_rad } => {
                return MosaicDraw::Rotations(self.cap(*spread_rad).into());
            }
            MosaicModel::Listed(rotations) => return MosaicDraw::Rotations(rotations.clone()),
            MosaicModel::Gaussian { sigmas_rad }
            | MosaicModel::Normal { sigmas_rad }
            | MosaicModel::Ellipsoid { sigmas_rad } => DVec3::from_array(*sigmas_rad),
        };
        MosaicDraw::InCrystal {
            unturned: self.domain_count() % 2 == 1,
            pairs: self.vectors(sigmas_rad),
        }
    }

    /// The first rotation of each pair of a model in the crystal's frame, with these sigmas, as a
    /// vector: axis times angle, radians.
    fn vectors(&self, sigmas_rad: DVec3) -> Arc<[DVec3]> {
        let vector = match &self.model {
            MosaicModel::Gaussian { .. } => gaussian,
            MosaicModel::Ellipsoid { .. } => ellipsoid,
            _ => normal,
        };
        let seed = self.seed.cast_unsigned();
        let pairs = (0..self.domain_count() / 2).map(|pair| {
            let mut stream = PhiloxStream::new(seed, 0, pair, DOMAIN_PURPOSE);
            vector(&mut stream, sigmas_rad)
        });
        pairs.collect()
    }

    /// Whether the spindle turns the domains' rotations along with the crystal: a′ is then
    /// rot(u, φ)·U_m·a, else U_m·rot(u, φ)·a, as in the C program.
    pub fn turns_with_crystal(&self) -> bool {
        !matches!(self.model, MosaicModel::Cap { .. } | MosaicModel::Listed(_))
    }

    fn cap(&self, spread_rad: f64) -> Vec<DMat3> {
        let mut generator = ParkMiller::new(self.seed);
        let mut rotations: Vec<DMat3> = (0..self.domain_count())
            .map(|_| random_rotation(&mut generator, spread_rad))
            .collect();
        // Domain 0's deviates are drawn all the same, so that the others match the C program's.
        if let Some(first) = rotations.first_mut() {
            *first = DMat3::IDENTITY;
        }
        rotations
    }

    /// Standard deviations of the rotation about each axis of the crystal's frame, radians, where
    /// rotations are normal about each.
    pub fn axis_sigmas_rad(&self) -> Option<[f64; 3]> {
        match &self.model {
            MosaicModel::Normal { sigmas_rad } => Some(*sigmas_rad),
            MosaicModel::Listed(_) => None,
            _ => (self.spread_rad() == 0.0).then_some([0.0; 3]),
        }
    }

    pub(super) fn check(&self) -> Result<(), ExperimentError> {
        let require_spread = |spread_rad: &f64| Quantity::MosaicSpread.require(*spread_rad);
        match &self.model {
            MosaicModel::Cap { spread_rad } => require_spread(spread_rad)?,
            MosaicModel::Gaussian { sigmas_rad } | MosaicModel::Normal { sigmas_rad } => {
                sigmas_rad.iter().try_for_each(require_spread)?
            }
            MosaicModel::Ellipsoid { sigmas_rad } => {
                sigmas_rad.iter().try_for_each(require_spread)?;
                if sigmas_rad.contains(&0.0) && self.spread_rad() > 0.0 {
                    return Err(ExperimentError::FlatEllipsoid(*sigmas_rad));
                }
            }
            MosaicModel::Listed(rotations) => {
                if let Some(place) = rotations.iter().position(|matrix| !is_rotation(matrix)) {
                    return Err(ExperimentError::NoRotation { number: place + 1 });
                }
            }
        }
        Quantity::MosaicDomains.require(f64::from(self.domain_count()))
    }
}

/// A rotation vector, axis times angle, of [`MosaicModel::Gaussian`].
fn gaussian(stream: &mut PhiloxStream, sigmas: DVec3) -> DVec3 {
    let axis = DVec3::from_array(UnitSphere.sample(stream));
    let deviate: f64 = StandardNormal.sample(stream);
    deviate * axis * sigmas
}

/// A rotation vector of [`MosaicModel::Normal`].
fn normal(stream: &mut PhiloxStream, sigmas: DVec3) -> DVec3 {
    let deviates: [f64; 3] = std::array::from_fn(|_| StandardNormal.sample(stream));
    DVec3::from_array(deviates) * sigmas
}

/// A rotation vector of [`MosaicModel::Ellipsoid`].
fn ellipsoid(stream: &mut PhiloxStream, sigmas: DVec3) -> DVec3 {
    let axis = DVec3::from_array(UnitSphere.sample(stream));
    let deviate: f64 = StandardNormal.sample(stream);
    // Divided by the length of this, a unit vector reaches the ellipsoid.
    deviate * axis / (axis / sigmas).length()
}

/// The domains of a mosaicity as they were drawn. A clone shares them.
#[derive(Debug, Clone)]
pub enum MosaicDraw {
    /// Rotations in the laboratory.
    Rotations(Arc<[DMat3]>),
    /// Rotations in the crystal's frame, in pairs that are turned to and fro.
    InCrystal {
        /// Whether a domain before the pairs is unturned.
        unturned: bool,
        /// The first rotation of each pair as a vector: axis times angle, radians.
        pairs: Arc<[DVec3]>,
    },
}

impl MosaicDraw {
    /// The rotation of every domain of a crystal of `cell` in the laboratory, U_m.
    pub fn rotations(&self, cell: &UnitCell) -> Cow<'_, [DMat3]> {
        let (unturned, pairs) = match self {
            MosaicDraw::Rotations(rotations) => return Cow::Borrowed(rotations),
            MosaicDraw::InCrystal { unturned, pairs } => (unturned, pairs),
        };
        let frame = crystal_frame(cell);
        let unturned = unturned.then_some(DMat3::IDENTITY);
        let pairs = pairs.iter().flat_map(|vector| {
            let turn = frame * *vector;
            let angle = turn.length();
            let to = match turn.try_normalize() {
                Some(axis) => rotation_about(axis, angle),
                None => DMat3::IDENTITY,
            };
            [to, to.transpose()]
        });
        Cow::Owned(unturned.into_iter().chain(pairs).collect())
    }
}

/// The orthonormal frame of a crystal, in columns: along a, c* × a, c*.
pub(crate) fn crystal_frame(cell: &UnitCell) -> DMat3 {
    let a = cell.real().x_axis.normalize();
    let c_star = cell.reciprocal().z_axis.normalize();
    DMat3::from_cols(a, c_star.cross(a), c_star)
}

/// The angle that `rotation` turns by, radians.
fn angle_of(rotation: &DMat3) -> f64 {
    let trace = rotation.x_axis.x + rotation.y_axis.y + rotation.z_axis.z;
    ((trace - 1.0) / 2.0).clamp(-1.0, 1.0).acos()
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn cell() -> UnitCell {
        let angles = [80.0f64, 95.0, 110.0].map(f64::to_radians);
        UnitCell::from_parameters([7e-9, 8e-9, 9e-9], angles).unwrap()
    }

    fn gaussian(sigmas_rad: [f64; 3], domains: u32) -> Mosaicity {
        Mosaicity {
            model: MosaicModel::Gaussian { sigmas_rad },
            domains,
            seed: 3,
        }
    }

    /// Rotation vectors, axis times angle, in the columns of `frame`.
    fn vectors(rotations: &[DMat3], frame: &DMat3) -> Vec<DVec3> {
        let vector = |rotation: &DMat3| {
            let (axis, angle) = glam::DQuat::from_mat3(rotation).to_axis_angle();
            // To and fro are one turn by opposite angles.
            let angle = if angle > TAU / 2.0 {
                angle - TAU
            } else {
                angle
            };
            frame.transpose() * (axis * angle)
        };
        rotations.iter().map(vector).collect()
    }

    #[test]
    fn domains_of_a_cap_stay_within_the_spread_and_the_first_is_unturned() {
        let mosaicity = Mosaicity {
            model: MosaicModel::Cap { spread_rad: 0.02 },
            domains: 100,
            seed: 3,
        };
        let rotations = mosaicity.rotations(&cell());
        assert_eq!(rotations[0], DMat3::IDENTITY);
        let widest = rotations.iter().map(angle_of).fold(0.0, f64::max);
        assert!(widest <= 0.02 * (1.0 + 1e-6) && widest > 0.015, "{widest}");
    }

    #[test]
    fn gaussian_rotations_have_the_second_moments_of_their_sigmas() {
        let (sigmas, domains) = ([0.004, 0.01, 0.03], 200_000);
        let rotations = gaussian(sigmas, domains).rotations(&cell());
        let vectors = vectors(&rotations, &crystal_frame(&cell()));
        let n = f64::from(domains);
        for one in 0..3 {
            for other in 0..3 {
                let products = vectors.iter().map(|vector| vector[one] * vector[other]);
                let moment = products.sum::<f64>() / n;
                let unit = sigmas[one] * sigmas[other];
                // E[z²n_i²] = 1/3 and E[z⁴n_i⁴] = 3/5, E[z⁴n_i²n_j²] = 3/15; pairs halve the draws.
                let (expected, fourth) = if one == other {
                    (unit / 3.0, 0.6)
                } else {
                    (0.0, 0.2)
                };
                let error = unit * ((fourth - (expected / unit).powi(2)) / (n / 2.0)).sqrt();
                assert!(
                    (moment - expected).abs() < 5.0 * error,
                    "{one} {other}: {moment:e}, expected {expected:e} within {error:e}"
                );
            }
        }
    }

    #[test]
    fn normal_rotations_are_normal_about_each_axis() {
        let (sigmas_rad, domains) = ([0.004, 0.01, 0.03], 200_000);
        let mosaicity = Mosaicity {
            model: MosaicModel::Normal { sigmas_rad },
            domains,
            seed: 3,
        };
        let rotations = mosaicity.rotations(&cell());
        let vectors = vectors(&rotations, &crystal_frame(&cell()));
        let draws = f64::from(domains) / 2.0;
        for one in 0..3 {
            let own = vectors.iter().map(|vector| vector[one] / sigmas_rad[one]);
            let fourth = own.map(|deviate| deviate.powi(4)).sum::<f64>() / (2.0 * draws);
            // The fourth moment, 3, has the variance E[z⁸] − 9 = 96.
            assert!(
                (fourth - 3.0).abs() < 5.0 * (96.0 / draws).sqrt(),
                "{fourth}"
            );
            for other in 0..3 {
                let unit = sigmas_rad[one] * sigmas_rad[other];
                let products = vectors
                    .iter()
                    .map(|vector| vector[one] * vector[other] / unit);
                let moment = products.sum::<f64>() / (2.0 * draws);
                let expected = f64::from(u8::from(one == other));
                let error = ((1.0 + expected) / draws).sqrt();
                assert!(
                    (moment - expected).abs() < 5.0 * error,
                    "{one} {other}: {moment}"
                );
            }
        }
    }

    #[test]
    fn angles_of_an_ellipsoid_are_normal_with_its_radius_along_a_uniform_axis() {
        let (sigmas_rad, domains) = ([0.004, 0.01, 0.03], 200_000);
        let ellipsoid = |sigmas_rad| Mosaicity {
            model: MosaicModel::Ellipsoid { sigmas_rad },
            domains,
            seed: 3,
        };
        let rotations = ellipsoid(sigmas_rad).rotations(&cell());
        let vectors = vectors(&rotations, &crystal_frame(&cell()));
        let draws = f64::from(domains) / 2.0;
        // The angle over the radius is a normal deviate, and the axis uniform.
        let (mut square, mut along) = (0.0, DVec3::ZERO);
        for vector in &vectors {
            let axis = vector.normalize();
            square += (vector / DVec3::from_array(sigmas_rad)).length_squared();
            along += axis * axis;
        }
        let square = square / (2.0 * draws);
        assert!(
            (square - 1.0).abs() < 5.0 * (2.0 / draws).sqrt(),
            "{square}"
        );
        // Each component's square is 1/3 on average, with the variance 1/5 − 1/9.
        let off = (along / (2.0 * draws) - 1.0 / 3.0).abs().max_element();
        assert!(off < 5.0 * ((0.2 - 1.0 / 9.0) / draws).sqrt(), "{off}");
        let same = ellipsoid([0.01; 3]).rotations(&cell());
        for (one, two) in same
            .iter()
            .zip(gaussian([0.01; 3], domains).rotations(&cell()))
        {
            assert!(one.abs_diff_eq(two, 1e-12));
        }
        let flat = ellipsoid([0.0, 0.01, 0.02])
            .check()
            .unwrap_err()
            .to_string();
        assert!(flat.contains("0, 0.01 and 0.02"), "{flat}");
        assert!(ellipsoid([0.0; 3]).check().is_ok());
    }

    #[test]
    fn the_angles_of_equal_sigmas_are_normal() {
        let rotations = gaussian([0.02; 3], 100_000).rotations(&cell());
        let angles: Vec<f64> = rotations.iter().step_by(2).map(angle_of).collect();
        let n = angles.len() as f64;
        // Parts of a normal distribution within one, two and three sigmas.
        for (width, part) in [(1.0, 0.682689), (2.0, 0.954500), (3.0, 0.997300)] {
            let found = angles.iter().filter(|&&angle| angle < width * 0.02);
            let found = found.count() as f64 / n;
            let error = (part * (1.0 - part) / n).sqrt();
            assert!((found - part).abs() < 5.0 * error, "{width}: {found}");
        }
    }

    #[test]
    fn the_mean_orientation_is_the_crystal_s() {
        for domains in [2, 9, 1000] {
            let rotations = gaussian([0.3, 0.1, 0.2], domains).rotations(&cell());
            assert_eq!(rotations.len(), domains as usize);
            let sum = rotations.iter().fold(DMat3::ZERO, |sum, turn| sum + *turn);
            // A symmetric positive matrix is nearest, of all rotations, to the identity.
            let off = (sum - sum.transpose()).to_cols_array();
            assert!(off.into_iter().all(|element| element.abs() < 1e-12));
            assert!(sum.determinant() > 0.0);
        }
    }

    #[test]
    fn equal_sigmas_know_no_axes() {
        // About one set of axes or another, the same draws turn by the same angles.
        let other = cell().rotated(&rotation_about(DVec3::Y, 1.0));
        let mosaicity = gaussian([0.01; 3], 50);
        let here = mosaicity.rotations(&cell());
        let there = mosaicity.rotations(&other);
        for (one, two) in here.iter().zip(&there) {
            assert!((angle_of(one) - angle_of(two)).abs() < 1e-9);
        }
    }

    #[test]
    fn a_matrix_that_is_no_rotation_is_refused() {
        let listed = |matrix: DMat3| Mosaicity {
            model: MosaicModel::Listed([DMat3::IDENTITY, matrix].into()),
            ..Mosaicity::default()
        };
        assert!(listed(rotation_about(DVec3::X, 0.1)).check().is_ok());
        for wrong in [2.0 * DMat3::IDENTITY, -DMat3::IDENTITY, DMat3::ZERO] {
            let said = listed(wrong).check().unwrap_err().to_string();
            assert!(said.contains("domain 2"), "{said}");
        }
        assert!(
            Mosaicity {
                model: MosaicModel::Listed([].into()),
                ..Mosaicity::default()
            }
            .check()
            .is_err()
        );
    }
}
