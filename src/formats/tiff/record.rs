//! The record of the experiment in a TIFF file: its image description.

/// The number of the tag of a description.
const DESCRIPTION: u16 = 270;
/// The number of the type of ASCII text.
const ASCII: u16 = 2;
/// Bytes of an entry of a directory.
const ENTRY: usize = 12;

/// The entries of the first directory of `file`, a little-endian TIFF.
fn directory(file: &[u8]) -> Option<Vec<[u8; ENTRY]>> {
    let number = |at: usize| Some(u32::from_le_bytes(*file.get(at..)?.first_chunk()?));
    if !file.starts_with(b"II*\0") {
        return None;
    }
    let place = number(4)? as usize;
    let count = u16::from_le_bytes(*file.get(place..)?.first_chunk()?) as usize;
    let entries = file.get(place + 2..)?.get(..count * ENTRY)?;
    let (entries, _) = entries.as_chunks();
    Some(entries.to_vec())
}

fn tag(entry: &[u8; ENTRY]) -> u16 {
    u16::from_le_bytes([entry[0], entry[1]])
}

/// `file` with another directory at its end, which takes the place of the first; as it is where 4
/// GiB have no room.
pub fn add(mut file: Vec<u8>, record: &str) -> Vec<u8> {
    let Some(mut entries) = directory(&file) else {
        return file;
    };
    let text = format!("{record}\0");
    // Directories start at even places.
    let text_place = file.len().next_multiple_of(2);
    let place = (text_place + text.len()).next_multiple_of(2);
    let (Ok(text_place_32), Ok(place_32)) = (u32::try_from(text_place), u32::try_from(place))
    else {
        return file;
    };
    let mut entry = [0; ENTRY];
    entry[0..2].copy_from_slice(&DESCRIPTION.to_le_bytes());
    entry[2..4].copy_from_slice(&ASCII.to_le_bytes());
    entry[4..8].copy_from_slice(&(text.len() as u32).to_le_bytes());
    entry[8..12].copy_from_slice(&text_place_32.to_le_bytes());
    entries.push(entry);
    entries.sort_by_key(tag);
    file.resize(text_place, 0);
    file.extend(text.as_bytes());
    file.resize(place, 0);
    file.extend((entries.len() as u16).to_le_bytes());
    file.extend(entries.as_flattened());
    // No further directory follows.
    file.extend([0; 4]);
    file[4..8].copy_from_slice(&place_32.to_le_bytes());
    file
}

/// The description of `file`.
pub fn find(file: &[u8]) -> Option<String> {
    let entries = directory(file)?;
    let entry = entries.iter().find(|entry| tag(entry) == DESCRIPTION)?;
    let number =
        |at: usize| u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
    let text = file.get(number(8) as usize..)?.get(..number(4) as usize)?;
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    String::from_utf8(text.to_vec()).ok()
}
