//! Every flag of a render, defined once: dashes, names, values, what it says, help.
//!
//! A new flag is a new row: its key is one of the document's ([`crate::document::key`]), which has
//! the flag's kind of values and its place in experiment files. Help, man page, completions,
//! experiment files and `docs/flags.md` follow.

use super::Constant::{No, Word, Yes};
use super::Dashes;
use super::Effect::{Axis, Each, Ignored, Is, Optional, Program, Refused, Swapped, Value};
use super::Flag;
use crate::document::key::{
    background, beam, counts, crystal, detector, diffuse, frame, mosaicity, noise, output, picture,
    run, sampling, scan, series,
};

/// Every flag of a render, in the order of the help. A series has those of [`SERIES`] too.
pub static TOPICS: [&[Flag]; 13] = [
    CRYSTAL, MOSAICITY, DIFFUSE, BEAM, BACKGROUND, DETECTOR, VECTORS, SAMPLING, OUTPUT, NOISE,
    PICTURES, IGNORED, PROGRAM,
];

const AMORPHOUS: &str =
    "a material in the beam is --background FILE,thickness=MM,density=G_CM3,mw=G_MOL";

/// Flags of one topic. A row: one dash, as in the C program, or two; the name and its
/// synonyms; names of the values; the effect; the help.
macro_rules! flags {
    ($topic:ident $heading:literal
     $($dashes:literal $name:literal $(, $alias:literal)* ($($value:literal)*) $effect:expr;
       $help:literal;)*) => {
        #[doc = concat!("Flags of the topic: ", $heading, ".")]
        pub static $topic: &[Flag] = &[$(Flag {
            topic: $heading,
            dashes: if $dashes.len() == 1 { Dashes::One } else { Dashes::Two },
            name: $name,
            shown: concat!($dashes, $name),
            aliases: &[$($alias),*],
            values: &[$($value),*],
            effect: $effect,
            help: $help,
        }),*];
    };
}

flags! { CRYSTAL "Crystal"
    "-" "hkl" ("FILE") Value(&crystal::structure_factors);
        "Structure factors: text lines of h k l F, MTZ or mmCIF";
    "--" "hkl-channels" ("FILE") Value(&crystal::structure_factors_by_energy);
        "Structure factors by photon energy: text lines of wavelength(Å) FILE; each source takes \
         those of the nearest wavelength";
    "--" "pdb" ("FILE") Value(&crystal::atoms);
        "Structure factors from atoms: PDB or mmCIF";
    "--" "dmin-f" ("Å") Value(&crystal::atoms_dmin);
        "Finest spacing of structure factors from atoms, Å [default: what the detector's corners \
         see]";
    "--" "solvent-k" ("DENSITY") Value(&crystal::solvent_density);
        "Density of the solvent between molecules, electrons/Å³ [default: 0.35]";
    "--" "solvent-b" ("Å²") Value(&crystal::solvent_b);
        "B of the solvent's edges, Å² [default: 46]";
    "--" "no-solvent" () Is(&crystal::solvent, No);
        "Leave nothing between molecules";
    "--" "f-column" ("LABEL") Value(&crystal::f_column);
        "Column of F in MTZ and mmCIF files; of intensities the root is taken; @ID behind it chooses \
         a wavelength_id [default: the only column of F, or the usual one]";
    "-" "default_F" ("F") Value(&crystal::default_f);
        "F of every index not listed [default: 0]";
    "-" "interpolate" () Is(&crystal::interpolate, Yes);
        "Interpolate F between reflections [default: if any N is 2 or less]";
    "-" "nointerpolate" () Is(&crystal::interpolate, No);
        "Take F of the nearest reflection";
    "-" "mat", "matrix" ("FILE") Value(&crystal::matrix);
        "Cell and orientation as a MOSFLM A matrix; of -cell beside it only the lengths count";
    "-" "cell" ("a" "b" "c" "α" "β" "γ") Value(&crystal::cell);
        "Unit cell, Å and degrees; b and c default to a, angles to 90";
    "-" "misset" ("x y z|random") Value(&crystal::misset);
        "Misorientation about x, y and z, degrees, or random [default: 0 0 0]";
    "-" "misset_seed" ("INT") Value(&crystal::misset_seed);
        "Seed of -misset random [default: that of -seed]";
    "-" "N" ("CELLS") Value(&crystal::cells);
        "Cells along a, b and c; any number for other shapes than the square one [default: 1]";
    "-" "Na" ("CELLS") Axis(&crystal::cells, 0);
        "Cells along a";
    "-" "Nb" ("CELLS") Axis(&crystal::cells, 1);
        "Cells along b";
    "-" "Nc" ("CELLS") Axis(&crystal::cells, 2);
        "Cells along c";
    "--" "cells-matrix" ("ND" "NE" "NF") Value(&crystal::cells_matrix);
        "What couples a and b, b and c, a and c in a symmetric matrix with -Na, -Nb and -Nc on its \
         diagonal, as the Ncells_def of simtbx: for -gauss_xtal with --gauss-metric hkl";
    "-" "xtalsize", "xtal_size", "samplesize", "sample_size" ("MM") Value(&crystal::size);
        "Crystal size in all directions, mm";
    "-" "xtal_x", "xtal_thick", "sample_x", "sample_thick" ("MM") Axis(&crystal::size, 0);
        "Crystal size along a, mm";
    "-" "xtal_y", "xtal_width", "sample_y", "sample_width", "width" ("MM") Axis(&crystal::size, 1);
        "Crystal size along b, mm; at most the beam's";
    "-" "xtal_z", "xtal_height", "sample_z", "sample_height", "height" ("MM") Axis(&crystal::size, 2);
        "Crystal size along c, mm; at most the beam's";
    "-" "square_xtal" () Is(&crystal::shape, Word("square"));
        "Spots of a parallelepiped [default]";
    "-" "round_xtal" () Is(&crystal::shape, Word("round"));
        "Spots of a sphere";
    "-" "gauss_xtal" () Is(&crystal::shape, Word("gauss"));
        "Gaussian spots";
    "-" "tophat_spots", "binary_spots" () Is(&crystal::shape, Word("tophat"));
        "Spots with a sharp edge";
    "-" "fudge" ("FACTOR") Value(&crystal::fudge);
        "Factor on the size of round, Gaussian and top-hat spots [default: 1]";
    "--" "gauss-metric" ("METRIC") Value(&crystal::gauss_metric);
        "What the width of Gaussian and top-hat spots is measured in: reciprocal space, as in the \
         C program, or Miller indices times cells, as in simtbx [default: reciprocal]";
    "--" "symmetric-shape" ("GROUP") Optional(&crystal::symmetric_shape, "file");
        "Give the shape of spots the crystal's symmetry: F_latt² is the mean over a Laue group, by \
         name, or over that of the structure factors' file [default without a value: file]";
    "--" "b-factor" ("Å²") Value(&crystal::b_factor);
        "B of the whole crystal, Å²: intensities fall by exp(-2 B (sin θ/λ)²), and rise where B is \
         negative; beside the B of atoms and of measured F [default: 0]";
    "-" "phi" ("DEG") Value(&scan::start);
        "Spindle angle at the start, degrees [default: 0]";
    "-" "osc" ("DEG") Value(&scan::range);
        "Spindle range, degrees [default: 0]";
    "-" "phistep" ("DEG") Value(&scan::step);
        "Spindle step, degrees";
    "-" "phisteps" ("COUNT") Value(&scan::steps);
        "Spindle steps";
    "--" "phi-sampling" ("WHERE") Value(&scan::phi_sampling);
        "Where in each step phi is taken: at its start, as in the C program, or at its middle, \
         where an image is not half a step early [default: start; in series, middle]";
}

flags! { SERIES "Series"
    "--" "frames" ("COUNT") Value(&series::frames);
        "How many frames there are; frame k starts at -phi + k times -osc, k from 0";
    "--" "random-orientations" () Is(&series::random_orientations, Yes);
        "Give each frame an orientation of its own, as likely as any other, from -misset_seed (or \
         -seed) and its number";
    "--" "continue" () Program("goes on with the files of an earlier run");
        "Go on with this series where an earlier run of it ended: frames that are there are not \
         rendered again";
}

flags! { MOSAICITY "Mosaicity"
    "-" "mosaic", "mosaicity", "mosaic_spread" ("DEG") Value(&mosaicity::spread);
        "Mosaic spread, degrees [default: 0]";
    "-" "mosaic_domains", "mosaic_dom" ("COUNT") Value(&mosaicity::domains);
        "Mosaic domains [default: 10 if there is a spread, else 1]";
    "-" "mosaic_seed" ("INT") Value(&mosaicity::seed);
        "Seed of the domains' orientations [default: 12345678]";
    "--" "mosaic-model" ("MODEL") Value(&mosaicity::model);
        "How misorientations are distributed: up to -mosaic (cap); with a normal angle of that \
         sigma (gaussian); normal about each of the crystal's axes with that sigma (normal); with a \
         normal angle whose sigma is a radius of an ellipsoid, the anisotropic eta of simtbx \
         (ellipsoid) [default: cap]";
    "--" "mosaic-sigmas" ("A" "B" "C") Value(&mosaicity::sigmas);
        "Sigmas about a, about c* × a and about c*, degrees, instead of -mosaic. Of \
         --mosaic-model normal, those of the rotation about each axis; of gaussian, the default \
         here, √3 times the rms of that; of ellipsoid, half axes";
    "--" "mosaic-file" ("FILE") Value(&mosaicity::rotations);
        "The domains' rotations themselves: a line of nine numbers, a matrix row by row, or of \
         three, a rotation vector in degrees";
}

flags! { DIFFUSE "Diffuse scattering"
    "--" "diffuse-sigma" ("X" "Y" "Z") Value(&diffuse::sigma);
        "Rms displacement of atoms that move together, Å, along the crystal's own axes: x along a, y \
         in the plane of a and b, z along c*; or one number for all";
    "--" "diffuse-gamma" ("X" "Y" "Z") Value(&diffuse::gamma);
        "Distance over which displacements are alike, Å, along these axes, or one number for all";
    "--" "diffuse-laue" ("GROUP") Value(&diffuse::laue);
        "Laue group that halos are averaged over, by name, or that of the structure factors' file \
         [default: file, or -1 where it says none]";
    "--" "diffuse-stencil" ("COUNT") Value(&diffuse::stencil);
        "Add the halos of the neighbours of the nearest reflection, up to so many along h, k and l \
         [default: 0]";
}

flags! { BEAM "Beam"
    "-" "lambda", "wave", "wavelength" ("Å") Value(&beam::wavelength);
        "Wavelength, Å [default: 1]";
    "-" "energy" ("EV") Value(&beam::energy);
        "Photon energy, eV, instead of the wavelength";
    "-" "dispersion" ("PERCENT") Value(&beam::dispersion);
        "Range of wavelengths, percent [default: 0]";
    "--" "bandwidth" ("PERCENT") Value(&beam::bandwidth);
        "Standard deviation of the wavelengths, percent of each source's; with --analytic [default: 0]";
    "-" "dispsteps" ("COUNT") Value(&beam::dispersion_steps);
        "Wavelengths within the -dispersion";
    "-" "divergence" ("MRAD") Value(&beam::divergence);
        "Range of directions, horizontal and vertical, mrad [default: 0]";
    "-" "hdivrange" ("MRAD") Value(&beam::divergence_horizontal);
        "Horizontal range, mrad";
    "-" "vdivrange" ("MRAD") Value(&beam::divergence_vertical);
        "Vertical range, mrad";
    "-" "hdivstep" ("MRAD") Value(&beam::divergence_step_horizontal);
        "Horizontal step, mrad";
    "-" "vdivstep" ("MRAD") Value(&beam::divergence_step_vertical);
        "Vertical step, mrad";
    "-" "hdivsteps" ("COUNT") Value(&beam::divergence_steps_horizontal);
        "Number of horizontal directions";
    "-" "vdivsteps" ("COUNT") Value(&beam::divergence_steps_vertical);
        "Number of vertical directions";
    "-" "divsteps" ("COUNT") Value(&beam::divergence_steps);
        "Number of directions, horizontal and vertical";
    "--" "divergence-sigma" ("H" "V") Value(&beam::divergence_sigma);
        "Standard deviations of the directions along the polarisation vector and across it, mrad; \
         with --analytic [default: 0 0]";
    "-" "round_div" () Is(&beam::divergence_shape, Word("round"));
        "Keep the directions inside an ellipse [default]";
    "-" "square_div" () Is(&beam::divergence_shape, Word("square"));
        "Keep all directions of the grid";
    "-" "sourcefile" ("FILE") Value(&beam::sources);
        "Sources instead of a grid: lines of X Y Z weight λ(m)";
    "-" "fluence" ("PHOTONS/M2") Value(&beam::fluence);
        "Photons per m² [default: 1.25932e29]";
    "-" "flux" ("PHOTONS/S") Value(&beam::flux);
        "Photons per second; fluence = flux·exposure/beamsize²";
    "-" "exposure" ("S") Value(&beam::exposure);
        "Exposure time, s [default: 1]";
    "-" "beamsize" ("MM") Value(&beam::size);
        "Width of the square beam, mm [default: 0.1]";
    "-" "polar" ("K") Value(&beam::kahn_factor);
        "Kahn polarisation factor, -1 to 1 [default: 0]";
    "-" "nopolar" () Is(&beam::polarised, No);
        "Leave polarisation out";
}

flags! { BACKGROUND "Background"
    "-" "water" ("UM") Value(&background::water);
        "Thickness of water for the C program's flat background, µm [default: 0]";
    "--" "background" ("FILE,thickness=MM,density=G_CM3,mw=G_MOL[,x=stol]") Each(&background::slabs);
        "A slab of amorphous material in the beam: a table of sin θ/λ (1/Å) and F (electrons), \
         and its thickness in mm, density in g/cm³ and molar mass in g/mol; x=4stol or x=Q for \
         tables against 4 sin θ/λ or 4π sin θ/λ. May be given several times";
}

flags! { DETECTOR "Detector"
    "--" "expt" ("FILE") Value(&detector::dials_experiment);
        "DIALS experiment list: panels, beam, scan and crystal, instead of the flags that place a \
         detector";
    "--" "expt-index" ("INDEX|all") Value(&detector::dials_experiment_index);
        "Experiment of --expt, from 0, or all of them into one image, in which every crystal \
         scatters [default: 0]";
    "--" "geom" ("FILE") Value(&detector::crystfel_geometry);
        "CrystFEL geometry file: panels and photon energy, instead of the flags that place a \
         detector";
    "--" "clen" ("MM") Value(&detector::crystfel_clen);
        "Place along the beam of --geom's panels, mm [default: the file's clen]";
    "-" "distance" ("MM") Value(&detector::distance);
        "Distance along the beam, mm [default: 100]";
    "-" "close_distance" ("MM") Value(&detector::close_distance);
        "Distance from the sample to the detector's plane, mm, instead of -distance";
    "-" "pixel" ("MM") Value(&detector::pixel);
        "Edge of a pixel, mm [default: 0.1]";
    "-" "detpixels" ("PIXELS") Value(&detector::pixels);
        "Pixels along both axes [default: as fill 102.4 mm]";
    "-" "detpixels_f", "detpixels_x" ("PIXELS") Axis(&detector::pixels, 0);
        "Pixels along the fast axis";
    "-" "detpixels_s", "detpixels_y" ("PIXELS") Axis(&detector::pixels, 1);
        "Pixels along the slow axis";
    "-" "detsize" ("MM") Value(&detector::size);
        "Edge of the detector, mm [default: 102.4]";
    "-" "detsize_f", "detsize_x" ("MM") Axis(&detector::size, 0);
        "Width along the fast axis, mm";
    "-" "detsize_s", "detsize_y" ("MM") Axis(&detector::size, 1);
        "Height along the slow axis, mm";
    "-" "Xbeam" ("MM") Value(&detector::beam_x);
        "Beam centre in the convention's terms, mm [default: the centre]";
    "-" "Ybeam" ("MM") Value(&detector::beam_y);
        "Beam centre in the convention's terms, mm [default: the centre]";
    "-" "Xclose" ("MM") Value(&detector::close_x);
        "Default of -Xbeam for XDS, DIALS and custom frames, mm";
    "-" "Yclose" ("MM") Value(&detector::close_y);
        "Default of -Ybeam for XDS, DIALS and custom frames, mm";
    "-" "ORGX" ("PIXELS") Value(&detector::origin_x);
        "Fast coordinate of the point nearest to the sample, pixels [default: the middle]";
    "-" "ORGY" ("PIXELS") Value(&detector::origin_y);
        "Slow coordinate of the point nearest to the sample, pixels [default: the middle]";
    "-" "mosflm" () Is(&detector::convention, Word("mosflm"));
        "MOSFLM's frame and beam centre [default]";
    "-" "xds" () Is(&detector::convention, Word("xds"));
        "XDS's frame and beam centre";
    "-" "adxv" () Is(&detector::convention, Word("adxv"));
        "ADXV's frame and beam centre";
    "-" "denzo" () Is(&detector::convention, Word("denzo"));
        "DENZO's frame and beam centre";
    "-" "dials" () Is(&detector::convention, Word("dials"));
        "DIALS's frame and beam centre";
    "-" "pivot" ("POINT") Value(&detector::pivot);
        "What the detector turns about [default: the convention's choice]";
    "-" "detector_rotx" ("DEG") Value(&detector::rotation_x);
        "Rotation about the laboratory's x axis, degrees [default: 0]";
    "-" "detector_roty" ("DEG") Value(&detector::rotation_y);
        "Rotation about y, after x, degrees [default: 0]";
    "-" "detector_rotz" ("DEG") Value(&detector::rotation_z);
        "Rotation about z, after y, degrees [default: 0]";
    "-" "twotheta" ("DEG") Value(&detector::two_theta);
        "Rotation about the two-theta axis, after those, degrees [default: 0]";
    "-" "curved_det" () Is(&detector::curved, Yes);
        "Bend the detector onto a sphere about the sample";
    "-" "point_pixel" () Is(&detector::point_pixel, Yes);
        "Leave the pixels' size and tilt out of the solid angle: 1/R²";
    "-" "detector_abs", "detector_absorb" ("UM|inf") Value(&detector::sensor_attenuation_depth);
        "Attenuation depth of the sensor, µm, or inf [default: inf]";
    "-" "detector_thick" ("UM") Value(&detector::sensor_thickness);
        "Thickness of the sensor, µm [default: 0]";
    "-" "detector_thicksteps", "thicksteps" ("COUNT") Value(&detector::sensor_layers);
        "Layers of the sensor [default: 2 if it has a thickness]";
    "--" "layer-depth" ("WHERE") Value(&detector::sensor_layer_depth);
        "Where in a sensor's layer photons are stopped: at its front face, with the front layer's \
         solid angle and polarisation, as in the C program, or at the mean depth, with its own \
         [default: front; in series, mean]";
    "-" "img" ("FILE") Value(&detector::image);
        "SMV, CBF or NXmx image whose header gives what flags leave open";
    "--" "img-frame" ("N") Value(&detector::image_frame);
        "Frame of -img, from 1 [default: 1]";
    "-" "mask" ("FILE") Value(&detector::mask);
        "Image whose zeros are not rendered (SMV, CBF, npy, TIFF), or HDF5 with a pixel_mask; of \
         several panels, stacked. An SMV header is used like that of -img";
}

flags! { VECTORS "Custom frame: directions that replace the convention's"
    "-" "beam_vector" ("x" "y" "z") Value(&frame::beam);
        "Direction in which the photons travel";
    "-" "fdet_vector" ("x" "y" "z") Value(&frame::fast);
        "Detector fast axis";
    "-" "sdet_vector" ("x" "y" "z") Value(&frame::slow);
        "Detector slow axis";
    "-" "odet_vector" ("x" "y" "z") Value(&frame::normal);
        "Detector normal [default: fast × slow, if one of them is given]";
    "-" "polar_vector" ("x" "y" "z") Value(&frame::polarisation);
        "Direction of the electric field";
    "-" "spindle_axis" ("x" "y" "z") Value(&frame::spindle);
        "Axis of phi";
    "-" "twotheta_axis" ("x" "y" "z") Value(&frame::two_theta_axis);
        "Axis of two-theta";
    "-" "pix0_vector" ("x" "y" "z") Value(&frame::first_pixel);
        "Corner of the first pixel after all rotations, m, instead of distance and beam centre";
}

flags! { SAMPLING "Sampling"
    "-" "oversample" ("COUNT") Value(&sampling::oversample);
        "Sub-pixels along each axis of a pixel [default: three to a spot's width]";
    "--" "analytic" () Is(&sampling::analytic, Yes);
        "Integrate mosaicity, --bandwidth, --divergence-sigma and -osc in closed form, for Gaussian \
         spots: one term in place of domains, wavelengths, directions and steps; -mosaic is then \
         the sigma about each axis, and -phisteps counts segments of -osc, each of them whole \
         [default: as many as the highest index needs]";
    "--" "pixel-average" () Is(&sampling::pixel_average, Yes);
        "Integrate the area of each sub-pixel too, with --analytic; -oversample is then 1 unless \
         it is given";
    "-" "oversample_omega" () Is(&sampling::solid_angle_per_subpixel, Yes);
        "Each sub-pixel's own solid angle, not the first's";
    "-" "oversample_polar" () Is(&sampling::polarisation_per_subpixel, Yes);
        "Each sub-pixel's own polarisation, not the first's";
    "-" "oversample_thick" () Is(&sampling::absorption_per_subpixel, Yes);
        "Accepted for the C program's sake: absorption is always each sub-pixel's own";
    "-" "dmin" ("Å") Value(&sampling::dmin);
        "Resolution limit of the crystal, Å: it does not scatter beyond [default: 0]";
    "-" "roi" ("x0" "x1" "y0" "y1") Value(&sampling::region);
        "Render pixels x0 to x1 (fast) and y0 to y1 (slow) of every panel only [default: all]";
    "-" "printout" () Is(&run::printout, Yes);
        "Print the quantities behind every rendered pixel; no more than 10,000";
    "-" "printout_pixel" ("fast" "slow") Value(&run::printout_pixel);
        "Print the quantities behind one pixel";
    "-" "trace_pixel" ("slow" "fast") Swapped(&run::printout_pixel);
        "Print the quantities behind one pixel, slow coordinate first";
}

flags! { OUTPUT "Output"
    "-" "floatfile", "floatimage" ("FILE") Value(&output::float);
        "Photons, bare float32 [default: floatimage.bin]";
    "-" "intfile", "intimage" ("FILE") Value(&output::smv);
        "SMV image without noise [default: intimage.img]";
    "-" "pgmfile", "pgmimage" ("FILE") Value(&output::pgm);
        "PGM picture [default: image.pgm]";
    "-" "noisefile", "noiseimage" ("FILE") Value(&output::smv_noise);
        "SMV image with photon noise [default: noiseimage.img]";
    "-" "scale" ("FACTOR") Value(&counts::scale);
        "Counts per photon of files without noise [default: 55000/max in SMV, 1 in others]";
    "-" "adc", "adcoffset" ("COUNTS") Value(&counts::offset);
        "Counts of a pixel without photons [default: 40 in SMV and with noise, 0 in CBF and \
         others]";
    "-" "pgmscale" ("FACTOR") Value(&picture::pgm_scale);
        "Shades per photon of the PGM [default: 50/rms deviation]";
    "-" "nopgm" () Is(&output::default_pgm, No);
        "Leave the default PGM out";
    "-" "nonoise" () Is(&output::default_noise, No);
        "Leave the default noise image out";
    "-" "seed" ("INT") Value(&noise::seed);
        "Seed of the noise and of -misset random [default: a random one, printed and in the file]";
    "-" "progress" () Is(&run::progress, Yes);
        "Show a progress bar [default: on a terminal]";
    "-" "noprogress" () Is(&run::progress, No);
        "Show no progress bar";
}

flags! { NOISE "Noise beside that of photons"
    "--" "flicker" ("PERCENT") Value(&noise::flicker);
        "Rms change of the beam from image to image, percent [default: 0]";
    "--" "calibration" ("PERCENT") Value(&noise::calibration);
        "Rms error of the pixels' calibration, percent, the same in every image [default: 0]";
    "--" "calibration-seed" ("INT") Value(&noise::calibration_seed);
        "Seed of the calibration: another detector [default: 123456789]";
    "--" "readout" ("COUNTS") Value(&noise::readout);
        "Rms noise of the readout, counts [default: 0]";
    "--" "gain" ("COUNTS") Value(&noise::gain);
        "Counts per photon [default: 1]";
    "--" "saturation" ("COUNTS") Value(&noise::saturation);
        "The largest count of the detector, a whole number [default: that of the file's format]";
    "--" "psf" ("SHAPE") Value(&noise::point_spread);
        "Form of the point spread; a fiber's tails reach far [default: gauss]";
    "--" "psf-fwhm" ("PIXELS") Value(&noise::point_spread_fwhm);
        "Full width at half maximum of the point spread, pixels [default: 0, no spread]";
    "--" "image-number" ("N") Value(&noise::image_number);
        "Number of the image: images of one seed differ by it [default: 0]";
}

flags! { PICTURES "Pictures and further formats"
    "--" "png" ("FILE") Value(&output::png);
        "PNG picture [default: image.png]";
    "--" "overview" ("FILE") Value(&output::overview);
        "PNG picture of the panels at their places, seen along the beam, at most 4000 pixels wide \
         and high";
    "--" "tiff" ("FILE") Value(&output::tiff);
        "TIFF image, float32";
    "--" "out" ("FILE") Each(&output::files);
        "A file of the format that its name ends on; may be given several times. Photons as they \
         are: .bin .raw (bare float32), .tif .tiff, .npy (numpy), .h5 .nxs (NXmx; a NAME_master.h5 keeps its frames in data files beside it); counts: .cbf \
         (32 bits, 1 a photon, from 0), .img .smv (as -intfile); pictures: .png .pgm";
    "--" "out-noise" ("FILE") Each(&output::noise_files);
        "The same with photon noise, and what else is asked for of a detector: counts in any of \
         these formats but pictures";
    "--" "record" ("PATHS") Value(&output::record);
        "How the experiment in PNG, TIFF, CBF and NXmx files names input files: full, as they were \
         given; relative, from the folder that the program runs in, and files outside of it by \
         their name alone; or none, which leaves the experiment out [default: full]";
    "--" "out-type" ("TYPE") Value(&counts::number);
        "Numbers of .tif, .npy, .h5 and .nxs files of --out and --out-noise; whole ones are \
         counts, 1 a photon [default: f32; i32 of .h5 and .nxs with noise]";
    "--" "compression" ("METHOD") Value(&counts::compression);
        "How .h5 and .nxs files of --out and --out-noise are compressed: bslz4, bitshuffle and LZ4, \
         as DIALS, XDS and CrystFEL read it; gzip, which every HDF5 library reads but XDS does \
         not; or none [default: bslz4]";
    "--" "frames-per-file" ("COUNT") Value(&counts::frames_per_file);
        "The most frames of a data file, NAME_data_000001.h5 and so on, beside a file called \
         NAME_master.h5, or NAME_partial.h5 of a series that is not done [default: 100]";
    "--" "png-scale" ("SCALE") Value(&picture::scale);
        "How photons become shades of PNGs [default: linear]";
    "--" "png-percentile" ("PERCENT") Value(&picture::percentile);
        "Percentage of pixels below the PNG's darkest shade [default: 99.5]";
    "--" "png-depth" ("BITS") Value(&picture::bits);
        "Bits per channel of the PNG [default: 8]";
    "--" "colormap" ("MAP") Value(&picture::colormap);
        "Colours of the PNG; grey is dark spots on white [default: grey]";
    "--" "png-rings" ("D") Value(&picture::rings);
        "Draw resolution rings, each with its number, and the beam centre onto the PNG (of a \
         render: --png and --out .png), 8 bits deep; at these resolutions, Å [default: 4 rings \
         that fit]";
}

flags! { IGNORED "Ignored, as by the C program"
    "-" "hdiv" ("MRAD") Ignored("the C program does not know it either; give -hdivrange");
        "Horizontal divergence, as nanoBragg's README spells it";
    "-" "vdiv" ("MRAD") Ignored("the C program does not know it either; give -vdivrange");
        "Vertical divergence, as nanoBragg's README spells it";
    "-" "dispstep" ("COUNT") Ignored("the C program does not know it either; give -dispsteps");
        "Wavelengths, as nanoBragg's README spells it";
    "-" "stol" ("FILE") Ignored(AMORPHOUS);
        "Amorphous scattering against sin θ/λ";
    "-" "4stol" ("FILE") Ignored(AMORPHOUS);
        "The same against 4 sin θ/λ";
    "-" "Q" ("FILE") Ignored(AMORPHOUS);
        "The same against 4π sin θ/λ";
    "-" "stolout" ("FILE") Ignored("no such table is written");
        "A table to write";
    "-" "dump" ("FILE") Ignored("structure factors are read from -hkl every time");
        "A cache of structure factors";
    "-" "density" ("G/CM3") Ignored(AMORPHOUS);
        "Density of the amorphous material";
    "-" "MW" ("G/MOL") Ignored(AMORPHOUS);
        "Its molecular weight";
    "-" "coherent" () Refused("sources, orientations and sub-pixels are added by intensity; leave the flag out");
        "Not supported: terms are always added by intensity";
}

flags! { PROGRAM "Program"
    "--" "device" ("DEVICE") Value(&run::device);
        "What renders: auto, cpu, gpu, or a GPU's index or part of its name as 'nanobragg \
         devices' lists them; several GPUs: all, or a list with commas between [default: auto, a \
         real GPU if there is one, else the CPU]";
    "--" "f16-structure-factors" () Is(&sampling::f16_structure_factors, Yes);
        "Store F as f16 on the GPU: half the memory, three digits";
    "--" "threads" ("COUNT") Value(&run::threads);
        "Threads of the CPU path [default: one per core]";
    "--" "config" ("FILE") Program("names the experiment file itself");
        "Take flags from an experiment file; those of the command line override it";
    "--" "outputs-anywhere" () Program("confirms what a file says");
        "Let the experiment file of --config name files to write outside of its own folder";
    "--" "write-config" ("FILE") Program("names the experiment file itself");
        "Write the experiment, all defaults and choices resolved, as a file for --config";
    "--" "write-expt" ("FILE") Program("names a file of this run");
        "Write the truth as an experiment list of DIALS (.expt): beam, detector, goniometer, scan, \
         images, and the crystal with its orientation, of every frame";
    "--" "write-geom" ("FILE") Program("names a file of this run");
        "Write the panels as a geometry file of CrystFEL (.geom)";
    "--" "profile" ("FILE") Value(&run::profile);
        "Write where the time went as a Chrome trace (Perfetto opens it), hot_spots.csv beside it";
    "--" "links-anywhere" () Program("what a file may lead to is the user's to say");
        "Follow links in HDF5 files (-img, -mask) to any file; without it only to files in the \
         folder of the file that is named, and below";
    "--" "dry-run" () Program("renders no image");
        "Check everything as a render does, and tell its terms, memory and files; nothing is \
         written but the file of --write-config";
    "--" "quiet" () Is(&run::quiet, Yes);
        "Print nothing but warnings and errors";
    "--" "json" () Is(&run::json, Yes);
        "Print the summary as one JSON document on standard output";
    "--" "help" () Program("asks for a text");
        "Print this help";
    "--" "version" () Program("asks for a text");
        "Print the version";
}
