//! What HDF5 files lead to: data that is missing is never read as zeros, and links stay in the
//! folder of the file that was named.

use std::path::Path;
use std::process::Command;

use nanobragg::formats::format::FrameReader;
use nanobragg::formats::nxmx::NxmxReader;
use nanobragg::formats::raster::{Pixels, Raster};
use nanobragg::formats::{Access, Links, image_file};
use nanobragg::formats::{encoding::Compression, encoding::Number, metadata::Metadata};
use rust_hdf5::H5File;

use super::{encoding, output, refused, write_frame};

/// `tests/attack/hdf5_links.py` has every kind, with the answer that is expected.
#[test]
fn every_kind_of_link_is_read_to_the_last_bit_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let python = std::env::var("NB_PYTHON").expect("tests/run names one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attack/hdf5_links.py");
    let mut command = Command::new(python);
    let program = assert_cmd::cargo::cargo_bin("nanobragg");
    let run = command.arg(script).args([&program, folder.path()]).output();
    let run = run.unwrap();
    let said = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(
        run.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    let tries = said.lines().last().unwrap().split(' ').nth(1).unwrap();
    assert!(tries.parse::<usize>().unwrap() >= 150, "{said}");
}

/// A frame in a folder, and a master elsewhere that links to it.
fn linked(folder: &Path) -> Raster {
    let frame = Raster {
        width: 3,
        height: 2,
        pixels: Pixels::U16(vec![1, 2, 3, 4, 5, 6]),
    };
    std::fs::create_dir(folder.join("far")).unwrap();
    std::fs::create_dir(folder.join("here")).unwrap();
    let number = encoding(Number::U16, Compression::None);
    write_frame(
        &folder.join("far/frame.h5"),
        &frame,
        number,
        (Metadata::default(), Default::default()),
    );
    let master = H5File::create(folder.join("here/m.h5")).unwrap();
    let data = master
        .create_group("entry")
        .unwrap()
        .create_group("data")
        .unwrap();
    data.create_external_link("data", "../far/frame.h5", "/entry/data/data")
        .unwrap();
    master.close().unwrap();
    frame
}

#[test]
fn the_library_follows_links_as_far_as_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let frame = linked(folder.path());
    let master = folder.path().join("here/m.h5");
    let said = NxmxReader::open(&master, super::MOST)
        .err()
        .unwrap()
        .to_string();
    assert!(
        said.contains("far/frame.h5") && said.contains("outside"),
        "{said}"
    );
    assert!(image_file::read(&master, super::MOST).is_err());
    let anywhere = Access {
        most: super::MOST,
        links: Links::Anywhere,
    };
    let read = NxmxReader::open(&master, anywhere)
        .unwrap()
        .frame(0)
        .unwrap();
    assert!(read == frame);
}

#[test]
fn every_command_that_reads_images_has_the_flag() {
    let folder = tempfile::tempdir().unwrap();
    linked(folder.path());
    let render = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -distance 100 -floatfile f.bin \
                  -img here/m.h5 -pixel 0.1";
    for line in [
        "info here/m.h5",
        "convert here/m.h5 o.npy",
        "compare here/m.h5 far/frame.h5",
        "noise here/m.h5 n.npy -seed 1",
    ] {
        let (code, said) = refused(folder.path(), line);
        assert_eq!(code, 1, "{said}");
        assert!(
            said.contains("outside") && said.contains("(--links-anywhere)"),
            "{said}"
        );
        output(folder.path(), &format!("{line} --links-anywhere"));
    }
    let (code, said) = refused(folder.path(), render);
    assert!(code == 1 && said.contains("(--links-anywhere)"), "{said}");
    let (_, said) = refused(folder.path(), &format!("{render} --links-anywhere"));
    assert!(!said.contains("outside"), "{said}");
}

/// A header of which a part is elsewhere is not whole, and the render says so.
#[test]
fn what_is_left_out_of_the_header_of_an_image_or_mask_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path();
    for name in ["far", "here"] {
        std::fs::create_dir(here.join(name)).unwrap();
    }
    let render = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1.25 -distance 100 -detpixels 8";
    output(here, &format!("{render} --out far/a.h5"));
    std::fs::copy(here.join("far/a.h5"), here.join("here/a.h5")).unwrap();
    let path = "/entry/instrument/beam";
    let moved = format!(
        "import h5py\nwith h5py.File('here/a.h5', 'r+') as file:\n    del file['{path}']\n    \
         file['{path}'] = h5py.ExternalLink('../far/a.h5', '{path}')\n"
    );
    let run = Command::new(std::env::var("NB_PYTHON").expect("tests/run names one"))
        .args(["-c", &moved])
        .current_dir(here)
        .status();
    assert!(run.unwrap().success());
    let again = "-default_F 100 -cell 70 80 90 -N 5 -lambda 1 -floatfile f.bin";
    let (_, said) = output(here, &format!("{again} -img here/a.h5"));
    assert!(
        said.contains("far/a.h5") && said.contains("it is left out"),
        "{said}"
    );
    let (_, said) = output(here, &format!("{again} -img here/a.h5 --links-anywhere"));
    assert!(!said.contains("left out"), "{said}");
    // What is missing may be what is left out.
    let (code, said) = refused(here, &format!("{again} -mask here/a.h5"));
    assert!(code == 1 && said.contains("no pixel mask"), "{said}");
    assert!(
        said.contains("far/a.h5") && said.contains("outside"),
        "{said}"
    );
}
