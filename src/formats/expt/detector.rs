//! The panels of a detector, each at its place in the laboratory.
//!
//! Panels may hang in groups, and groups in groups: a place is then told in the frame of its group,
//! whose third axis is fast × slow.

use std::f64::consts::FRAC_PI_2;

use glam::{DMat3, DVec3};

use super::super::Problem;
use super::super::geometry::{Hole, LONGEST_NAME, MOST_PANELS, parallel, stacked};
use super::node::{Node, Object};
use crate::experiment::{Panel, Sensor};
use crate::memory::Bytes;

/// Groups within groups that are followed.
const MOST_LEVELS: usize = 64;

/// A frame: its axes, and where it stands, m.
#[derive(Debug, Clone, Copy)]
struct Place {
    axes: DMat3,
    origin_m: DVec3,
}

impl Place {
    const LABORATORY: Place = Place {
        axes: DMat3::IDENTITY,
        origin_m: DVec3::ZERO,
    };

    /// A place told in the frame of `group`, in that of the laboratory.
    fn within(self, group: &Place) -> Place {
        Place {
            axes: group.axes * self.axes,
            origin_m: group.origin_m + group.axes * self.origin_m,
        }
    }
}

/// The place of a panel or group.
fn place<const N: usize>(object: &Object<N>) -> Result<Place, Problem> {
    let axis = |key| {
        object
            .required(key, "three numbers, a direction")?
            .direction()
    };
    let (fast, slow) = (axis("fast_axis")?, axis("slow_axis")?);
    if let Some(parallel) = parallel(fast, slow) {
        let what = format!("keys fast_axis, slow_axis: {parallel}");
        return Err(object.node().wrong(what));
    }
    let normal = fast.cross(slow).normalize_or_zero();
    let expected = "three numbers, mm";
    let origin_mm = object.required("origin", expected)?.vector(expected)?;
    Ok(Place {
        axes: DMat3::from_cols(fast, slow, normal),
        origin_m: origin_mm * 1e-3,
    })
}

/// The place of a group, whose axes must be at right angles: they turn what hangs in it.
fn right_angled<const N: usize>(object: &Object<N>, place: Place) -> Result<Place, Problem> {
    /// Most that they may be off a right angle, radians: axes written with four digits are off by
    /// less.
    const SKEW: f64 = 1e-3;
    let [fast, slow] = [place.axes.x_axis, place.axes.y_axis];
    let angle = fast.angle_between(slow);
    if (angle - FRAC_PI_2).abs() <= SKEW {
        return Ok(place);
    }
    Err(object.node().wrong(format!(
        "keys fast_axis, slow_axis: they are at {:.4}° to each other; expected a right angle, to \
         within {SKEW} rad, for the axes of a group",
        angle.to_degrees()
    )))
}

/// The panels of a detector, and whether some are thick but of a material that is not known to
/// absorb.
pub fn panels(detector: Node, most: Bytes) -> Result<(Vec<Panel>, bool), Problem> {
    let model = detector.model.clone();
    // Old files list the panels and nothing else.
    let (list, hierarchy) = if detector.is_list() {
        (detector, None)
    } else {
        let detector = detector.object(["panels", "hierarchy"])?;
        let list = detector.required("panels", "a list of panels")?;
        (list, detector.optional("hierarchy"))
    };
    let list = list.list(MOST_PANELS)?;
    if list.is_empty() {
        return Err(Problem::with_file(format!(
            "{model} has no panels; expected at least one"
        )));
    }
    let mut groups = vec![None; list.len()];
    match hierarchy {
        Some(root) => place_groups(root.named(format!("{model}, hierarchy")), &mut groups)?,
        None => groups.fill(Some(Place::LABORATORY)),
    }
    let mut transparent = false;
    let mut panels = Vec::new();
    let mut holes = Vec::new();
    for (number, (node, group)) in list.into_iter().zip(groups).enumerate() {
        let node = node.named(format!("{model}, panel number {number}"));
        let Some(group) = group else {
            return Err(node.wrong("it is not in the detector's hierarchy"));
        };
        let (panel, rectangles, thick) = panel(node, number, &model, &group)?;
        transparent |= thick;
        panels.push(panel);
        holes.push(rectangles);
    }
    stacked(&mut panels, holes, most)?;
    Ok((panels, transparent))
}

/// A panel in the frame of `group`, its holes, and whether it is thick but transparent.
fn panel(
    node: Node,
    number: usize,
    detector: &str,
    group: &Place,
) -> Result<(Panel, Vec<Hole>, bool), Problem> {
    let keys = [
        "name",
        "fast_axis",
        "slow_axis",
        "origin",
        "image_size",
        "pixel_size",
        "thickness",
        "mu",
        "mask",
    ];
    let object = node.clone().object(keys)?;
    let name = match object.optional("name") {
        None => String::new(),
        Some(node) => node.string(LONGEST_NAME)?,
    };
    // From here on messages name it.
    let object = if name.is_empty() {
        object
    } else {
        node.named(format!("{detector}, panel {name:?} (number {number})"))
            .object(keys)?
    };
    let Place { axes, origin_m } = place(&object)?.within(group);

    let expected = "two whole numbers above zero, pixels";
    let size = object.required("image_size", expected)?;
    let pixels: [f64; 2] = size.array(expected)?;
    let accepted =
        |count: f64| count.fract() == 0.0 && (1.0..=f64::from(u32::MAX)).contains(&count);
    if !pixels.into_iter().all(accepted) {
        return Err(size.wrong(format!(
            "{} x {}; expected {expected}",
            pixels[0], pixels[1]
        )));
    }
    let expected = "two positive numbers, mm";
    let edges = object.required("pixel_size", expected)?;
    let [along_fast, along_slow]: [f64; 2] = edges.array(expected)?;
    if !(along_fast > 0.0 && along_slow > 0.0) {
        return Err(edges.wrong(format!("{along_fast} x {along_slow}; expected {expected}")));
    }
    let not_negative = |key, expected| -> Result<f64, Problem> {
        let Some(node) = object.optional(key) else {
            return Ok(0.0);
        };
        match node.number(expected)? {
            value if value >= 0.0 => Ok(value),
            value => Err(node.wrong(format!("{value}; expected {expected}"))),
        }
    };
    let thickness_mm = not_negative("thickness", "a number, zero or above, mm")?;
    let per_mm = not_negative("mu", "a number, zero or above, 1/mm")?;
    let holes = match object.optional("mask") {
        None => Vec::new(),
        Some(list) => list
            .list(usize::MAX)?
            .iter()
            .map(hole)
            .collect::<Result<_, _>>()?,
    };
    let steps_m = [axes.x_axis * along_fast, axes.y_axis * along_slow].map(|mm| mm * 1e-3);
    let shape = pixels.map(|count| count as usize);
    let panel = Panel {
        sensor: (thickness_mm > 0.0 && per_mm > 0.0).then(|| Sensor {
            attenuation_depth_m: 1e-3 / per_mm,
            thickness_m: thickness_mm * 1e-3,
        }),
        ..Panel::of_steps(name, origin_m, steps_m, shape)
    };
    Ok((panel, holes, thickness_mm > 0.0 && per_mm == 0.0))
}

/// An untrusted rectangle: from the first fast and slow coordinate up to and without the last.
fn hole(node: &Node) -> Result<Hole, Problem> {
    let expected = "four whole numbers: first fast, first slow, last fast, last slow";
    let edges: [f64; 4] = node.array(expected)?;
    if edges.iter().any(|edge| edge.fract() != 0.0) {
        return Err(node.wrong(format!("{edges:?}; expected {expected}")));
    }
    // What lies outside the panel is cut off.
    let [first_fast, first_slow, last_fast, last_slow] = edges.map(|edge| edge as usize);
    Ok([[first_fast, last_fast], [first_slow, last_slow]])
}

/// Writes down the group of every panel that hangs in the hierarchy under `root`.
fn place_groups(root: Node, groups: &mut [Option<Place>]) -> Result<(), Problem> {
    let mut open = vec![(root, Place::LABORATORY, 0)];
    while let Some((node, parent, level)) = open.pop() {
        let keys = ["panel", "children", "fast_axis", "slow_axis", "origin"];
        let object = node.object(keys)?;
        if let Some(panel) = object.optional("panel") {
            let number = panel.index("the number of a panel")?;
            let count = groups.len();
            match groups.get_mut(number) {
                Some(group @ None) => *group = Some(parent),
                Some(_) => {
                    return Err(panel.wrong(format!("panel number {number} hangs in it twice")));
                }
                None => {
                    return Err(panel.wrong(format!("{number}; there are {count} panels, from 0")));
                }
            }
            continue;
        }
        if level > MOST_LEVELS {
            return Err(object
                .node()
                .wrong(format!("more than {MOST_LEVELS} groups within groups")));
        }
        let placed = ["fast_axis", "slow_axis", "origin"];
        let own = if placed.iter().any(|key| object.optional(key).is_some()) {
            right_angled(&object, place(&object)?)?
        } else {
            Place::LABORATORY
        };
        let group = own.within(&parent);
        let children = object.required("children", "a list of groups and panels")?;
        let children = children.list(MOST_PANELS)?;
        open.extend(children.into_iter().map(|child| (child, group, level + 1)));
    }
    Ok(())
}
