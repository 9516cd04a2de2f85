//! How far two people agree on the same drafts. No single figure can be trusted by itself: where nearly everything is
//! approved, κ is near zero although people hardly ever differ, so four stand side by side.

/// The figures; none where they can't be said, because there are no pairs or nothing but one category.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// The share of pairs that say the same.
    pub raw: Option<f64>,
    /// Cohen's κ (1960).
    pub kappa: Option<f64>,
    /// Krippendorff's α for nominal data, two coders.
    pub alpha: Option<f64>,
    /// Gwet's AC1 (2008), over as many categories as the matrix has.
    pub ac1: Option<f64>,
}

/// Over a square matrix of counts: first verdict by row, second by column.
pub fn agreement(counts: &[Vec<u64>]) -> Figures {
    let n: f64 = counts.iter().flatten().map(|c| *c as f64).sum();
    if n == 0.0 {
        return Figures::default();
    }
    let row = |k: usize| counts[k].iter().map(|c| *c as f64).sum::<f64>();
    let column = |k: usize| counts.iter().filter_map(|r| r.get(k)).map(|c| *c as f64).sum::<f64>();
    let categories = counts.len();
    let same: f64 = (0..categories).filter_map(|k| counts[k].get(k)).map(|c| *c as f64).sum();
    let raw = same / n;
    let by_chance: f64 = (0..categories).map(|k| row(k) * column(k)).sum::<f64>() / (n * n);
    let both = |k: usize| row(k) + column(k);
    let alike: f64 = (0..categories).map(|k| both(k) * (both(k) - 1.0)).sum::<f64>() / (2.0 * n * (2.0 * n - 1.0));
    let spread: f64 = (0..categories).map(|k| both(k) / (2.0 * n) * (1.0 - both(k) / (2.0 * n))).sum();
    let beyond = |chance: f64| (1.0 - chance > 1e-12).then(|| (raw - chance) / (1.0 - chance));
    Figures {
        raw: Some(raw),
        kappa: beyond(by_chance),
        alpha: (1.0 - alike > 1e-12).then(|| 1.0 - (1.0 - raw) / (1.0 - alike)),
        ac1: (categories > 1).then(|| beyond(spread / (categories as f64 - 1.0))).flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::agreement;

    fn close(found: Option<f64>, wanted: f64) -> bool {
        found.is_some_and(|f| (f - wanted).abs() < 5e-4)
    }

    #[test]
    fn where_nearly_everything_is_approved_kappa_alone_misleads() {
        let figures = agreement(&[vec![118, 5], vec![2, 0]]);
        assert!(close(figures.raw, 0.944) && close(figures.kappa, -0.023), "{figures:?}");
        assert!(close(figures.ac1, 0.9407), "{figures:?}");
    }

    #[test]
    fn the_textbook_matrix_has_the_textbook_kappa() {
        assert!(close(agreement(&[vec![20, 5], vec![10, 15]]).kappa, 0.4));
    }

    /// Generated matrices with what `scikit-learn` 1.9.1 (κ), `krippendorff` 0.9.0 (α, nominal) and `irrCAC` 0.4.4
    /// (AC1, which it rounds to five places) say of them.
    #[test]
    fn the_figures_are_those_of_the_packages_that_others_use() {
        let oracles: [(&[&[u64]], f64, f64, f64); 5] = [
            (&[&[28, 2], &[0, 10]], 0.875, 0.876_175_548_589_341_7, 0.916_84),
            (&[&[338, 26], &[11, 125]], 0.819_385_324_325_379_8, 0.819_367_544_506_941_7, 0.874_73),
            (&[&[37, 2, 5], &[2, 10, 2], &[0, 0, 2]], 0.611_307_420_494_699_8, 0.610_068_513_553_768_2, 0.760_93),
            (
                &[&[124, 3, 11, 5], &[2, 29, 4, 2], &[1, 0, 9, 1], &[1, 0, 0, 8]],
                0.701_551_929_964_186_1,
                0.700_555_360_984_64,
                0.820_02,
            ),
            // The last category was never used, and counts for AC1 all the same.
            (
                &[
                    &[572, 21, 38, 26, 20, 23],
                    &[8, 180, 2, 9, 7, 8],
                    &[4, 2, 54, 1, 4, 5],
                    &[0, 0, 2, 10, 0, 0],
                    &[0, 0, 0, 0, 4, 0],
                    &[0, 0, 0, 0, 0, 0],
                ],
                0.666_880_110_151_643_5,
                0.664_302_860_730_749_1,
                0.798_39,
            ),
        ];
        for (matrix, kappa, alpha, ac1) in oracles {
            let figures = agreement(&matrix.iter().map(|row| row.to_vec()).collect::<Vec<_>>());
            let off = |found: Option<f64>, wanted: f64| found.map_or(1.0, |f| (f - wanted).abs());
            assert!(off(figures.kappa, kappa) < 1e-6, "{matrix:?}: {figures:?}");
            assert!(off(figures.alpha, alpha) < 1e-6, "{matrix:?}: {figures:?}");
            assert!(off(figures.ac1, ac1) < 1e-5, "{matrix:?}: {figures:?}");
        }
    }

    #[test]
    fn without_pairs_or_without_a_difference_nothing_is_said() {
        assert_eq!(agreement(&[vec![0, 0], vec![0, 0]]).raw, None);
        let one = agreement(&[vec![7, 0], vec![0, 0]]);
        assert_eq!((one.raw, one.kappa, one.alpha), (Some(1.0), None, None));
    }
}
