//! Lists that grow at their end.

/// Sorts the rows from `first` to the end and keeps each only once, in place and without memory of its own.
pub fn sort_and_dedup<T: Ord + Copy>(list: &mut Vec<T>, first: usize) {
    let Some(tail) = list.get_mut(first..) else { return };
    tail.sort_unstable();
    let mut kept = 0;
    for i in 0..tail.len() {
        if kept == 0 || tail[i] != tail[kept - 1] {
            tail[kept] = tail[i];
            kept += 1;
        }
    }
    list.truncate(first + kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_before_the_first_stay() {
        let mut list = vec![9, 9, 3, 1, 3, 2, 1];
        sort_and_dedup(&mut list, 2);
        assert_eq!(list, [9, 9, 1, 2, 3]);
        sort_and_dedup(&mut list, 8);
        assert_eq!(list.len(), 5);
    }
}
